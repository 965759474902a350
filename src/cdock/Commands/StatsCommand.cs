using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Engine;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary><c>cdock stats</c>: what containers use, once or for as long as one looks.</summary>
internal static class StatsCommand
{
    private const string Table =
        "{{.ID}}\\t{{.Name}}\\t{{.CPUPerc}}\\t{{.MemUsage}}\\t{{.MemPerc}}\\t{{.NetIO}}\\t{{.BlockIO}}\\t{{.PIDs}}";

    private const int IntervalMilliseconds = 1000;
    private const int ShortIdLength = 12;

    private static readonly Dictionary<string, string> Headings = new()
    {
        ["BlockIO"] = "BLOCK I/O",
        ["CPUPerc"] = "CPU %",
        ["Container"] = "CONTAINER",
        ["ID"] = "CONTAINER ID",
        ["MemPerc"] = "MEM %",
        ["MemUsage"] = "MEM USAGE / LIMIT",
        ["Name"] = "NAME",
        ["NetIO"] = "NET I/O",
        ["PIDs"] = "PIDS",
    };

    public static Command Create(Output output)
    {
        Option<bool> all = new("--all", "-a") { Description = "Also containers that do not run" };
        Option<bool> once = new("--no-stream") { Description = "Tell once, and end" };
        Option<bool> whole = new("--no-trunc") { Description = "Whole ids" };
        Option<string> format = new("--format") { Description = "table, json, or a template: '{{.Name}} {{.CPUPerc}}'", HelpName = "FORMAT" };
        Argument<string[]> names = new("CONTAINER") { Description = "Names or ids; none for all", Arity = ArgumentArity.ZeroOrMore };
        Command command = new("stats", "Tell what containers use") { all, once, whole, format, names };
        command.SetAction(parsed =>
        {
            Listing listing = new(parsed.GetValue(format), Table, Headings);
            StatsView view = new(ContainerEngine.Open(new EngineOptions()), parsed.GetValue(names) ?? [], parsed.GetValue(all), parsed.GetValue(whole));
            view.Measure();
            do
            {
                Wait();
                List<Row> rows = view.Measure();

                // Home, each line to its end, and what is below.
                string text = listing.Write(rows);
                output.Standard.Write(parsed.GetValue(once) ? text : $"\x1b[H{text.Replace("\n", "\x1b[K\n", StringComparison.Ordinal)}\x1b[J");
            }
            while (!parsed.GetValue(once));

            return ExitCode.Success;
        });
        return command;
    }

    // The share of a processor is known after some time.
    private static void Wait()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using (read)
        using (write)
        {
            Polling.Poll(read, PollEvents.POLLIN, IntervalMilliseconds);
        }
    }

    private sealed class StatsView(ContainerEngine engine, string[] names, bool all, bool isWhole)
    {
        private readonly Dictionary<string, ContainerUse> _before = [];

        public List<Row> Measure()
        {
            List<Row> rows = [];
            foreach ((string shown, ContainerInfo one) in Chosen())
            {
                ContainerUse? use = one.State is ContainerState.Running or ContainerState.Paused ? engine.Measure(one) : null;
                rows.Add(Of(shown, one, use));
                if (use is not null)
                {
                    _before[one.Id] = use;
                }
            }

            return rows;
        }

        private IEnumerable<(string Shown, ContainerInfo One)> Chosen()
            => names.Length > 0
                ? names.Select(name => (name, engine.Find(name)))
                : engine.List(all).Select(one => (isWhole ? one.Id : one.Id[..ShortIdLength], one));

        // A container that runs and cannot be measured: its runtime does not know how, or it ends at this moment.
        private Row Of(string shown, ContainerInfo one, ContainerUse? use)
            => use is null && one.State is ContainerState.Running or ContainerState.Paused ? Unknown(shown, one) : Known(shown, one, use);

        private Row Unknown(string shown, ContainerInfo one) => new(new JsonObject
        {
            ["BlockIO"] = "--",
            ["CPUPerc"] = "--",
            ["Container"] = shown,
            ["ID"] = isWhole ? one.Id : one.Id[..ShortIdLength],
            ["MemPerc"] = "--",
            ["MemUsage"] = "-- / --",
            ["Name"] = one.Name,
            ["NetIO"] = "--",
            ["PIDs"] = "--",
        });

        private Row Known(string shown, ContainerInfo one, ContainerUse? use) => new(new JsonObject
        {
            ["BlockIO"] = $"{Words.Size(use?.BytesRead ?? 0, 3)} / {Words.Size(use?.BytesWritten ?? 0, 3)}",
            ["CPUPerc"] = Percent(use is null ? 0 : Processor(one.Id, use)),
            ["Container"] = shown,
            ["ID"] = isWhole ? one.Id : one.Id[..ShortIdLength],
            ["MemPerc"] = Percent(use is null ? 0 : 100.0 * use.MemoryBytes / use.MemoryBytesMax),
            ["MemUsage"] = $"{Words.BinarySize(use?.MemoryBytes ?? 0)} / {Words.BinarySize(use?.MemoryBytesMax ?? 0)}",
            ["Name"] = one.Name,
            ["NetIO"] = $"{Words.Size(use?.BytesReceived ?? 0, 3)} / {Words.Size(use?.BytesSent ?? 0, 3)}",
            ["PIDs"] = (use?.Tasks ?? 0).ToString(CultureInfo.InvariantCulture),
        });

        private double Processor(string id, ContainerUse use)
            => _before.TryGetValue(id, out ContainerUse? before) && use.At > before.At && use.Processor > before.Processor
                ? 100.0 * (use.Processor - before.Processor) / TimeProvider.System.GetElapsedTime(before.At, use.At)
                : 0;

        private static string Percent(double number) => number.ToString("F2", CultureInfo.InvariantCulture) + "%";
    }
}
