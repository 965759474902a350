using System.Buffers;
using System.Text.Json;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Supervision;

/// <summary>
/// What happened to containers, images and volumes, a line of JSON each, in docker's words: <c>events</c> in the engine's directory. Whoever acts
/// appends, in one write; when the file is large it becomes <c>events.old</c>, and a new one begins.
/// </summary>
/// <param name="directory">The engine's.</param>
/// <param name="clock">The clock.</param>
public sealed class EventLog(string directory, TimeProvider clock)
{
    /// <summary>The file that is written.</summary>
    public const string FileName = "events";

    /// <summary>The one before it.</summary>
    public const string OldFileName = "events.old";

    private const ulong BytesMax = 4 << 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The log of the engine that a container's directory belongs to.</summary>
    public static EventLog OfContainer(string containerDirectory, TimeProvider clock)
        => new(Path.GetDirectoryName(Path.GetDirectoryName(containerDirectory)!)!, clock);

    /// <summary>Notes what was done to a container. A disk that is full must not stop who acts: then it is not noted.</summary>
    /// <param name="action">docker's word: <c>start</c>, <c>die</c>.</param>
    /// <param name="id">The container's.</param>
    /// <param name="image">What it started on.</param>
    /// <param name="attributes">What else is told, in the order of names.</param>
    public void Container(string action, string id, string image, params ReadOnlySpan<(string Name, string Value)> attributes)
        => Add("container", action, id, image, attributes);

    /// <summary>Notes what was done to a volume.</summary>
    public void Volume(string action, string name) => Add("volume", action, name, image: null, [("driver", "local")]);

    /// <summary>Notes what was done to a network.</summary>
    public void Network(string action, string id, string name, string driver, string? container = null)
    {
        if (container is null)
        {
            Add("network", action, id, image: null, [("name", name), ("type", driver)]);
        }
        else
        {
            Add("network", action, id, image: null, [("container", container), ("name", name), ("type", driver)]);
        }
    }

    /// <summary>Notes what was done to an image.</summary>
    /// <param name="action">docker's word: <c>pull</c>, <c>untag</c>.</param>
    /// <param name="id">The image's, or the name it was pulled or pushed by.</param>
    /// <param name="attributes">What else is told, in the order of names.</param>
    public void Image(string action, string id, params ReadOnlySpan<(string Name, string Value)> attributes)
        => Add("image", action, id, image: null, attributes);

    /// <summary>Notes that everything of a type was removed of which nobody had a use.</summary>
    /// <param name="type"><c>container</c>, <c>image</c> or <c>volume</c>.</param>
    /// <param name="bytes">How many bytes are free again.</param>
    public void Prune(string type, string bytes) => Add(type, "prune", id: "", image: null, [("reclaimed", bytes)]);

    /// <summary>Notes what a container's new state means: that it started, stood still, or ended, and how.</summary>
    public void Changed(string id, string name, string image, StatusReport before, StatusReport after)
    {
        bool ran = before.State is "running" or "paused";
        bool runs = after.State is "running" or "paused";
        if (ran && !runs)
        {
            if (after.OomKills > 0)
            {
                Container("oom", id, image, ("image", image), ("name", name));
            }

            Container("die", id, image, ("exitCode", after.ExitCode.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("image", image), ("name", name));
        }
        else if (!ran && runs)
        {
            Container("start", id, image, ("image", image), ("name", name));
        }
        else if (before.State != after.State && runs)
        {
            Container(after.State == "paused" ? "pause" : "unpause", id, image, ("image", image), ("name", name));
        }
        else if (after.Health is { } health && before.Health is { } known && health.Status != known.Status)
        {
            Container($"health_status: {health.Status}", id, image, ("image", image), ("name", name));
        }
    }

    private void Add(string type, string action, string id, string? image, ReadOnlySpan<(string Name, string Value)> attributes)
    {
        byte[] line = Line(type, action, id, image, attributes);
        try
        {
            using SafeFileHandle file = Open();
            FileContents.WriteAll(file, line);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOSPC or Errno.EDQUOT or Errno.ENOENT or Errno.EROFS)
        {
            // As said: what is not noted was done all the same.
        }
    }

    private SafeFileHandle Open()
    {
        string path = Path.Join(directory, FileName);
        SafeFileHandle file = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_APPEND | OpenFlags.O_CREAT, OwnerOnly);
        if (FileStatuses.Statx(file).Size < BytesMax)
        {
            return file;
        }

        // Of several that see it full one renames it: the others find another file by its name.
        using (file)
        {
            FileContents.Flock(file);
            if (FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.AT_SYMLINK_NOFOLLOW)?.Inode == FileStatuses.Statx(file).Inode)
            {
                Files.RenameAt2(Descriptor.WorkingDirectory, path, Descriptor.WorkingDirectory, Path.Join(directory, OldFileName));
            }
        }

        return Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_APPEND | OpenFlags.O_CREAT, OwnerOnly);
    }

    private byte[] Line(string type, string action, string id, string? image, ReadOnlySpan<(string Name, string Value)> attributes)
    {
        long nanoseconds = (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer, JsonEscaping.Line))
        {
            json.WriteStartObject();
            if (id.Length > 0 && type is ("container" or "image"))
            {
                json.WriteString("status", action);
                json.WriteString("id", id);
            }

            if (image is not null)
            {
                json.WriteString("from", image);
            }

            json.WriteString("Type", type);
            json.WriteString("Action", action);
            json.WriteStartObject("Actor");
            json.WriteString("ID", id);
            json.WriteStartObject("Attributes");
            foreach ((string name, string value) in attributes)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteString("scope", "local");
            json.WriteNumber("time", nanoseconds / 1_000_000_000);
            json.WriteNumber("timeNano", nanoseconds);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
