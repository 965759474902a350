using System.CommandLine;
using Containerception.Engine;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary><c>cdock ps</c>: lists containers, in docker's table.</summary>
internal static class PsCommand
{
    private static readonly string[] KnownFilters =
        ["id", "name", "label", "status", "exited", "ancestor", "before", "since", "health", "volume", "network", "publish", "expose"];

    public static Command Create(Output output)
    {
        Option<bool> all = new("--all", "-a") { Description = "Also containers that have ended" };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only ids" };
        Option<bool> size = new("--size", "-s") { Description = "Measure what they have written" };
        Option<bool> whole = new("--no-trunc") { Description = "Whole ids and commands" };
        Option<bool> latest = new("--latest", "-l") { Description = "Only the one that was made last, whatever it does" };
        Option<int?> last = new("--last", "-n") { Description = "Only so many that were made last, whatever they do", HelpName = "N" };
        Option<string[]> filter = new("--filter", "-f") { Description = $"Only some: {string.Join(", ", KnownFilters)}", HelpName = "NAME=VALUE" };
        Option<string> format = new("--format") { Description = "table, json, or a template: 'table {{.ID}}\\t{{.Names}}'", HelpName = "FORMAT" };
        Command command = new("ps", "List containers") { all, quiet, size, whole, latest, last, filter, format };
        command.SetAction(parsed =>
        {
            Filters filters = Filters.Parse(parsed.GetValue(filter), KnownFilters);
            int? count = parsed.GetValue(latest) ? 1 : parsed.GetValue(last) is int number and >= 0 ? number : null;
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            IReadOnlyList<ContainerInfo> containers = engine.List(all: true);
            bool everyState = parsed.GetValue(all) || count is not null || filters.Has("status");
            IEnumerable<ContainerInfo> wanted = Chosen(containers.Where(one => everyState || one.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting), containers, filters)
                .Where(one => LooksLike(engine, one, filters));
            Listing listing = new(
                parsed.GetValue(quiet) ? "{{.ID}}" : parsed.GetValue(format),
                ContainerRow.Table + (parsed.GetValue(size) ? "\\t{{.Size}}" : ""), ContainerRow.Headings);
            ContainerRow rows = new(engine, listing, TimeProvider.System.GetUtcNow(), parsed.GetValue(whole));
            output.Standard.Write(listing.Write((count is int most ? wanted.Take(most) : wanted).Select(rows.Of)));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<ContainerInfo> Chosen(IEnumerable<ContainerInfo> containers, IReadOnlyList<ContainerInfo> all, Filters filters)
    {
        string[] states = [.. Enum.GetNames<ContainerState>().Select(state => state.ToLowerInvariant()), "removing", "dead"];
        if (filters.Values("status").FirstOrDefault(value => !states.Contains(value)) is string wrong)
        {
            throw Filters.Refused($"status={wrong}", $"use {string.Join(", ", states)}");
        }

        if (filters.Values("exited").FirstOrDefault(value => !int.TryParse(value, out _)) is string odd)
        {
            throw Filters.Refused($"exited={odd}", "use an exit code");
        }

        DateTimeOffset? before = filters.Has("before") ? filters.Values("before").Min(name => Named(all, name).Created) : null;
        DateTimeOffset? since = filters.Has("since") ? filters.Values("since").Max(name => Named(all, name).Created) : null;
        return containers.Where(one => filters.Match("id", value => one.Id.StartsWith(value, StringComparison.Ordinal))
            && filters.Match("name", value => IsName(one.Name, value))
            && filters.MatchLabels(one.Labels)
            && filters.Match("status", value => one.State.ToString().Equals(value, StringComparison.OrdinalIgnoreCase))
            && filters.Match("exited", value => one.ExitCode == int.Parse(value, System.Globalization.CultureInfo.InvariantCulture))
            && filters.Match("ancestor", value => one.Image == value || one.Image == value + ":latest")
            && filters.Match("publish", value => HasPort(one.Ports.Select(port => (port.HostPort, port.Protocol)), value))
            && filters.Match("expose", value => one.ExposedPorts.Concat(one.Ports.Select(port => port.ContainerName)).Contains(value.Contains('/') ? value : value + "/tcp"))
            && (before is null || one.Created < before) && (since is null || one.Created > since));
    }

    // What takes a look into each container's configuration.
    private static bool LooksLike(ContainerEngine engine, ContainerInfo one, Filters filters)
    {
        if (!filters.Match("health", value => (one.Health?.Status ?? "none") == value))
        {
            return false;
        }

        if (!filters.Has("volume") && !filters.Has("network"))
        {
            return true;
        }

        ContainerDetails details = engine.Inspect(one);
        return filters.Match("volume", value => details.Mounts.Any(mount => mount.Name == value || mount.Destination == value || mount.Source == value))
            && filters.Match("network", value => one.Networks.Any(endpoint => endpoint.NetworkName == value || endpoint.NetworkId.StartsWith(value, StringComparison.Ordinal))
                || (one.Networks.IsEmpty && ContainerDocument.NetworkMode(details) == value));
    }

    private static bool HasPort(IEnumerable<(ushort Port, string Protocol)> ports, string value)
    {
        string[] parts = value.Split('/');
        return ports.Any(port => port.Port.ToString(System.Globalization.CultureInfo.InvariantCulture) == parts[0] && (parts.Length == 1 ? "tcp" : parts[1]) == port.Protocol);
    }

    private static ContainerInfo Named(IReadOnlyList<ContainerInfo> all, string name)
        => all.FirstOrDefault(one => one.Name == name || (name.Length > 0 && one.Id.StartsWith(name, StringComparison.Ordinal)))
            ?? throw new EngineException(FailureKind.NotFound, $"no such container: {name}", "`cdock ps -a` lists all");

    // docker takes the name for a regular expression, which may match anywhere.
    private static bool IsName(string name, string pattern)
    {
        try
        {
            using RegularExpression expression = new(pattern.Replace("^/", "^", StringComparison.Ordinal));
            return expression.IsMatch(name);
        }
        catch (FormatException wrong)
        {
            throw Filters.Refused($"name={pattern}", wrong.Message);
        }
    }
}
