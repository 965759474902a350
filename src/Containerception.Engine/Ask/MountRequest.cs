using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>One <c>-v</c>, <c>--mount</c> or <c>--tmpfs</c>.</summary>
/// <param name="Type"><c>bind</c>, <c>tmpfs</c> or <c>volume</c>.</param>
/// <param name="Source">The path on the host, absolute; the name of a volume, null for one without; null for a tmpfs.</param>
/// <param name="Destination">The path in the container, absolute.</param>
/// <param name="Options">mount(8)'s words.</param>
/// <param name="MakeSource">Make the source directory where it is missing, as <c>-v</c> does and <c>--mount</c> does not.</param>
public sealed record MountRequest(
    string Type, string? Source, string Destination, ImmutableArray<string> Options, bool MakeSource = false)
{
    /// <summary>A volume stays empty: what the image has at its place is not copied to it.</summary>
    public bool NoCopy { get; init; }

    /// <summary>Notes on a volume that is made for this.</summary>
    public ImmutableSortedDictionary<string, string> VolumeLabels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    private static readonly ImmutableArray<string> VolumeOptions = ["rbind", "rprivate"];

    private static readonly ImmutableArray<string> DefaultTmpfsOptions = ["noexec", "nosuid", "nodev"];

    /// <summary>Reads <c>[SRC:]DST[:ro|rw|rslave|…]</c>; SRC is a directory of the host, or the name of a volume.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static MountRequest ParseVolume(string text)
    {
        string[] parts = text.Split(':');
        if (parts is [string alone])
        {
            return new MountRequest("volume", null, Inside(alone, $"-v {text}"), VolumeOptions);
        }

        if (parts.Length is < 2 or > 3 || parts[0].Length == 0)
        {
            throw EngineException.Invalid($"-v {text}: invalid volume", "use -v SRC:DST[:ro]");
        }

        string[] words = parts.Length == 3 ? parts[2].Split(',') : [];
        if (!parts[0].StartsWith('/') && !parts[0].StartsWith('.') && !parts[0].StartsWith('~'))
        {
            return Named(text, parts[0], Inside(parts[1], $"-v {text}"), words);
        }

        List<string> options = ["rbind", "rprivate"];
        foreach (string word in words)
        {
            AddVolumeWord(text, word, options);
        }

        return new MountRequest("bind", Path.GetFullPath(parts[0]), Inside(parts[1], $"-v {text}"), [.. options], MakeSource: true);
    }

    private static MountRequest Named(string text, string name, string destination, string[] words)
    {
        MountRequest mount = new("volume", VolumeStore.Checked(name), destination, VolumeOptions);
        foreach (string word in words)
        {
            mount = word switch
            {
                "ro" => mount with { Options = [.. mount.Options, "ro"] },
                "rw" => mount,
                "nocopy" => mount with { NoCopy = true },
                "z" or "Z" => throw new EngineException(
                    FailureKind.Unsupported, $"-v {text}: SELinux labels ({word}) are not supported", "leave the option out"),
                _ => throw EngineException.Invalid($"-v {text}: unknown option \"{word}\"", "use ro, rw or nocopy"),
            };
        }

        return mount;
    }

    /// <summary>Reads <c>type=bind|volume|tmpfs,src=…,dst=…[,readonly][,bind-propagation=…][,volume-nocopy][,volume-label=…][,tmpfs-size=…]…</c>.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/> or <see cref="FailureKind.Unsupported"/>.</exception>
    public static MountRequest ParseMount(string text)
    {
        string type = "volume";
        string? source = null;
        string? destination = null;
        List<string> options = [];
        bool recursive = true;
        string propagation = "rprivate";
        bool noCopy = false;
        ImmutableSortedDictionary<string, string> labels = ImmutableSortedDictionary<string, string>.Empty;
        foreach (string field in text.Split(','))
        {
            (string key, string? value) = Split(field);
            switch (key)
            {
                case "type":
                    type = Needed(value, field, text);
                    break;
                case "src" or "source":
                    source = Needed(value, field, text);
                    break;
                case "dst" or "destination" or "target":
                    destination = Needed(value, field, text);
                    break;
                case "readonly" or "ro":
                    options.AddRange(IsTrue(value, text) ? ["ro"] : []);
                    break;
                case "bind-propagation":
                    propagation = CheckedPropagation(Needed(value, field, text), text);
                    break;
                case "bind-nonrecursive":
                    recursive = !IsTrue(value, text);
                    break;
                case "volume-nocopy":
                    noCopy = IsTrue(value, text);
                    break;
                case "volume-label":
                    (string label, string? note) = Split(Needed(value, field, text));
                    labels = labels.SetItem(label, note ?? "");
                    break;
                case "volume-driver" when value == "local":
                    break;
                case "tmpfs-size":
                    options.Add($"size={ByteSize.Parse(Needed(value, field, text), "--mount tmpfs-size")}");
                    break;
                case "tmpfs-mode":
                    options.Add($"mode={Octal(Needed(value, field, text), text)}");
                    break;
                default:
                    throw EngineException.Invalid($"--mount {text}: unexpected key \"{key}\"");
            }
        }

        if (destination is null)
        {
            throw EngineException.Invalid($"--mount {text}: target is required");
        }

        destination = Inside(destination, $"--mount {text}");
        if (type != "volume" && (noCopy || !labels.IsEmpty))
        {
            throw EngineException.Invalid($"--mount {text}: volume options need type=volume");
        }

        return type switch
        {
            "bind" when source is null => throw EngineException.Invalid($"--mount {text}: source is required"),
            "bind" when options.Any(option => option.Contains('=')) => throw EngineException.Invalid($"--mount {text}: tmpfs options need type=tmpfs"),
            "bind" => new MountRequest(
                "bind", Path.GetFullPath(source), destination, [recursive ? "rbind" : "bind", propagation, .. options]),
            "tmpfs" when source is not null => throw EngineException.Invalid($"--mount {text}: a tmpfs has no source"),
            "tmpfs" => new MountRequest("tmpfs", null, destination, [.. DefaultTmpfsOptions, .. options]),
            "volume" when options.Any(option => option.Contains('=')) => throw EngineException.Invalid($"--mount {text}: tmpfs options need type=tmpfs"),
            "volume" => new MountRequest("volume", source is null ? null : VolumeStore.Checked(source), destination, [.. VolumeOptions, .. options])
            {
                NoCopy = noCopy,
                VolumeLabels = labels,
            },
            _ => throw EngineException.Invalid($"--mount {text}: unknown mount type \"{type}\"", "use type=bind, type=volume or type=tmpfs"),
        };
    }

    /// <summary>Reads <c>DST[:options]</c>; size takes docker's units.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static MountRequest ParseTmpfs(string text)
    {
        int colon = text.IndexOf(':');
        string destination = colon < 0 ? text : text[..colon];
        List<string> options = [.. DefaultTmpfsOptions];
        foreach (string word in colon < 0 ? [] : text[(colon + 1)..].Split(','))
        {
            (string key, string? value) = Split(word);
            string? opposite = Opposite(key);
            options.RemoveAll(option => option == opposite || option == key);
            options.Add(key switch
            {
                "size" => $"size={ByteSize.Parse(Needed(value, word, text), "--tmpfs size")}",
                "mode" => $"mode={Octal(Needed(value, word, text), text)}",
                "uid" or "gid" or "nr_inodes" or "nr_blocks" => word,
                "ro" or "rw" or "exec" or "noexec" or "suid" or "nosuid" or "dev" or "nodev" or "noatime" or "relatime" => word,
                _ => throw EngineException.Invalid($"--tmpfs {text}: unknown option \"{word}\""),
            });
        }

        return new MountRequest("tmpfs", null, Inside(destination, $"--tmpfs {text}"), [.. options]);
    }

    private static void AddVolumeWord(string text, string word, List<string> options)
    {
        switch (word)
        {
            case "ro":
                options.Add("ro");
                break;
            case "rw":
                break;
            case "nocopy":
                throw EngineException.Invalid($"-v {text}: nocopy is for volumes");
            case "z" or "Z":
                throw new EngineException(
                    FailureKind.Unsupported, $"-v {text}: SELinux labels ({word}) are not supported", "leave the option out");
            default:
                options.RemoveAll(option => option == "rprivate");
                options.Add(CheckedPropagation(word, text));
                break;
        }
    }

    // A container's root is made in a mount namespace that is a slave of the host's: mounts come in, none goes out.
    private static string CheckedPropagation(string word, string text) => word switch
    {
        "private" or "rprivate" or "slave" or "rslave" => word,
        "shared" or "rshared" => throw new EngineException(
            FailureKind.Unsupported, $"{text}: {word}: mounts made in a container never appear on the host", "use rslave"),
        _ => throw EngineException.Invalid($"{text}: unknown option \"{word}\"", "use ro, rw, rprivate, private, rslave or slave"),
    };

    private static string Inside(string path, string what)
        => path.StartsWith('/') && path.Trim('/').Length > 0 && !path.Split('/').Contains("..")
            ? path
            : throw EngineException.Invalid($"{what}: the path in the container must be absolute and not /: \"{path}\"");

    private static (string Key, string? Value) Split(string field)
    {
        int equals = field.IndexOf('=');
        return equals < 0 ? (field, null) : (field[..equals], field[(equals + 1)..]);
    }

    private static string Needed(string? value, string field, string text)
        => value is { Length: > 0 } ? value : throw EngineException.Invalid($"{text}: {field} needs a value");

    private static bool IsTrue(string? value, string text) => value switch
    {
        null or "true" or "1" => true,
        "false" or "0" => false,
        _ => throw EngineException.Invalid($"--mount {text}: \"{value}\" is neither true nor false"),
    };

    private static string Octal(string value, string text)
        => value.All(digit => digit is >= '0' and <= '7') && value.Length is > 0 and <= 5
            ? value
            : throw EngineException.Invalid($"{text}: mode \"{value}\" is not an octal number");

    private static string Opposite(string word) => word switch
    {
        "rw" => "ro",
        "ro" => "rw",
        _ when word.StartsWith("no", StringComparison.Ordinal) => word[2..],
        _ => "no" + word,
    };
}
