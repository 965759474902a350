using System.Globalization;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    private const string UpperName = "upper";

    /// <summary>The directory with everything the engine keeps.</summary>
    public string RootDirectory => _options.RootDirectory;

    /// <summary>All that is known of one container.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>.</exception>
    public ContainerDetails Inspect(string container) => Inspect(Find(container));

    /// <summary>The same, of one that was listed.</summary>
    public ContainerDetails Inspect(ContainerInfo container)
    {
        ArgumentNullException.ThrowIfNull(container);
        RuntimeConfig config = RuntimeConfig.Read(Path.Join(container.Directory, "config.json"));
        IReadOnlyList<string> held = [.. config.Process?.Capabilities?.Bounding ?? []];
        return new ContainerDetails
        {
            Info = container,
            Config = config,
            Mounts = new ContainerMounts(_options.RootDirectory).Of(config),
            Networking = RequestOf(_store.Table.TryGet(container.Id)?.Networking),
            CapabilitiesAdded = [.. held.Except(Capabilities.Default)],
            CapabilitiesDropped = [.. Capabilities.Default.Except(held)],
        };
    }

    /// <summary>Bytes of what a container has written to its own layer.</summary>
    public static long SizeOf(ContainerInfo container)
    {
        ArgumentNullException.ThrowIfNull(container);
        return DiskUse.Of(Path.Join(container.Directory, UpperName));
    }

    /// <summary>Bytes of the image that a container started on; null when it was none, or is not here any more.</summary>
    public long? ImageSizeOf(ContainerInfo container)
    {
        ArgumentNullException.ThrowIfNull(container);
        return Digest.TryParse(container.ImageId, out Digest id) ? Images.Table.Find(id)?.Size : null;
    }

    /// <summary>The processes of a running container, as the host's ps(1) tells them: its lines, the headings first.</summary>
    /// <param name="container">Its name or id.</param>
    /// <param name="options">ps's own; none for <c>-ef</c>.</param>
    /// <exception cref="EngineException"><see cref="FailureKind.Conflict"/>: it does not run.</exception>
    public IReadOnlyList<string> Processes(string container, IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        CheckRuns(definition);
        Note("top", definition);
        (int exitCode, string output, string error) = Of(definition).Call(["ps", definition.Id, .. options]);
        return exitCode == 0
            ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : throw new EngineException(FailureKind.System, $"cannot list the processes of {definition.Name}: {error.Trim()}");
    }

    /// <summary>What a container uses now; null when it does not run.</summary>
    public ContainerUse? Measure(ContainerInfo container)
    {
        ArgumentNullException.ThrowIfNull(container);
        RuntimeProgram runtime = new(container.Runtime, _options.RuntimeRoot(container.Runtime));
        (int exitCode, string output, _) = runtime.Call("events", "--stats", container.Id);
        if (exitCode != 0)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement data = document.RootElement.GetProperty("data");
        long used = Number(data, "memory", "usage", "usage");
        long limit = Number(data, "memory", "usage", "limit");
        long idle = Math.Max(Number(data, "memory", "raw", "total_inactive_file"), Number(data, "memory", "raw", "inactive_file"));
        long machine = MachineMemory();
        (long received, long sent) = Traffic(container.Pid);
        return new ContainerUse
        {
            At = _options.Clock.GetTimestamp(),
            Processor = TimeSpan.FromTicks(Number(data, "cpu", "usage", "total") / TimeSpan.NanosecondsPerTick),
            MemoryBytes = idle < used ? used - idle : used,
            MemoryBytesMax = limit > 0 && limit < machine ? limit : machine,
            Tasks = Number(data, "pids", "current"),
            BytesRead = Blocks(data, "Read"),
            BytesWritten = Blocks(data, "Write"),
            BytesReceived = received,
            BytesSent = sent,
        };
    }

    /// <summary>The machine's memory in bytes.</summary>
    public static long MachineMemory()
        => File.ReadLines("/proc/meminfo").Where(line => line.StartsWith("MemTotal:", StringComparison.Ordinal))
            .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).First();

    private void CheckRuns(ContainerDefinition definition)
    {
        if (RunningPid(_store.PathOf(definition.Id)) is null)
        {
            throw new EngineException(FailureKind.Conflict, $"container {definition.Id} is not running", $"`cdock start {definition.Name}` starts it");
        }
    }

    private static long Number(JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return 0;
            }
        }

        return element.ValueKind == JsonValueKind.Number ? element.TryGetInt64(out long number) ? number : long.MaxValue : 0;
    }

    private static long Blocks(JsonElement data, string operation)
        => data.TryGetProperty("blkio", out JsonElement io) && io.TryGetProperty("ioServiceBytesRecursive", out JsonElement counts)
            && counts.ValueKind == JsonValueKind.Array
                ? counts.EnumerateArray().Where(count => count.TryGetProperty("op", out JsonElement name)
                    && string.Equals(name.GetString(), operation, StringComparison.OrdinalIgnoreCase)).Sum(count => Number(count, "value"))
                : 0;

    // Of a network namespace of its own: the host's traffic is not the container's.
    private static (long Received, long Sent) Traffic(int pid)
    {
        string[] lines;
        try
        {
            if (pid == 0 || new FileInfo($"/proc/{pid}/ns/net").LinkTarget == new FileInfo("/proc/self/ns/net").LinkTarget)
            {
                return (0, 0);
            }

            lines = File.ReadAllLines($"/proc/{pid}/net/dev");
        }
        catch (IOException)
        {
            return (0, 0);
        }

        string[][] devices = [.. lines.Skip(2).Select(line => line.Replace(':', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(fields => fields.Length > 9 && fields[0] != "lo")];
        return (devices.Sum(fields => long.Parse(fields[1], CultureInfo.InvariantCulture)), devices.Sum(fields => long.Parse(fields[9], CultureInfo.InvariantCulture)));
    }
}
