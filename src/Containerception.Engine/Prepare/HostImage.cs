using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>
/// The image <c>host</c>: this machine's programs and libraries with a made-up /etc, and nothing else of it. Its root is a file system in
/// memory, so whatever is written is thrown away, and a crash leaves nothing.
/// </summary>
/// <param name="target">Where the root is put together.</param>
/// <param name="layer">Where the layers over the host's directories are kept, out of the container's sight.</param>
/// <param name="owner">Who root of the container is on the host.</param>
/// <param name="readOnly">The container cannot write, so no layers are needed.</param>
internal sealed class HostImage(string target, string layer, uint owner, bool readOnly)
{
    private const string Programs = "/opt/containerception/bin";
    private const UnixFileMode Everybody = (UnixFileMode)0x1ED;
    private const UnixFileMode Scratch = (UnixFileMode)0x3FF;

    // Where programs and libraries are: one tree, and links or directories beside it. hier(7).
    private static readonly string[] Trees = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
    private static readonly string[] OwnPrograms = ["cdock", "ception"];
    private static readonly string[] EmptyDirectories = ["dev", "etc", "proc", "run", "sys", "tmp", "var", "var/tmp"];

    private readonly HostEtc _etc = new(Path.Join(target, "etc"));

    public UserDatabase Users => _etc.Users;

    /// <summary>Where the container finds cdock and ception; null when they are in /usr anyway.</summary>
    public string? ProgramsDirectory { get; } = AreInTrees() ? null : Programs;

    public IEnumerable<PreparationStep> Steps()
    {
        yield return new PreparationStep(
            "take memory for the root file system", "it is made for this container, and gone when the container is",
            () => Mounts.Memory(target, owner));
        yield return new PreparationStep(
            "write /etc, /tmp and the other directories", "the host's own /etc, /home, /root, /var and /srv stay out, with all their secrets",
            WriteDirectories);
        foreach (string tree in Trees.Where(name => Directory.Exists("/" + name)))
        {
            yield return File.ResolveLinkTarget("/" + tree, returnFinalTarget: false) is FileSystemInfo
                ? new PreparationStep($"link /{tree} as on the host", "scripts and programs name their interpreters by it", () => Link(tree))
                : new PreparationStep(
                    readOnly ? $"show the host's /{tree}, read-only" : $"put a throw-away layer over the host's /{tree}",
                    "the programs are the host's; what the container changes is its own", () => Show(tree));
        }

        foreach (string shared in HostEtc.Shared.Where(Directory.Exists))
        {
            yield return new PreparationStep(
                $"show {shared}, read-only", "the host's programs look there", () => Mounts.BindReadOnly(shared, Made(shared, isFile: false)));
        }

        if (ProgramsDirectory is not null)
        {
            yield return new PreparationStep(
                "show cdock and ception, read-only", "so that a container can hold containers", ShowPrograms);
        }
    }

    private string WriteDirectories()
    {
        foreach (string name in EmptyDirectories)
        {
            string path = Path.Join(target, name);
            Directory.CreateDirectory(path);

            // mkdir(2) cuts the mode by the umask.
            Files.FchmodAt(Descriptor.WorkingDirectory, path, name is "tmp" or "var/tmp" ? Scratch : Everybody);
        }

        _etc.Write();
        Own(target);
        return $"mkdirat(\"{target}\", …), write(…)";
    }

    private void Own(string path)
    {
        if (owner == 0)
        {
            return;
        }

        foreach (string entry in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories))
        {
            Files.FchownAt(Descriptor.WorkingDirectory, entry, owner, owner, AtFlags.AT_SYMLINK_NOFOLLOW);
        }
    }

    private string Link(string tree)
    {
        string text = Files.ReadLinkAt(Descriptor.WorkingDirectory, "/" + tree);
        Files.SymlinkAt(text, Descriptor.WorkingDirectory, Path.Join(target, tree));
        return $"symlinkat(\"{text}\", AT_FDCWD, \"{Path.Join(target, tree)}\")";
    }

    private string Show(string tree)
    {
        string place = Directory.CreateDirectory(Path.Join(target, tree)).FullName;
        if (readOnly)
        {
            return Mounts.BindReadOnly("/" + tree, place);
        }

        if (!Directory.Exists(layer))
        {
            Directory.CreateDirectory(layer);
            Mounts.Memory(layer, 0);
        }

        string upper = Directory.CreateDirectory(Path.Join(layer, tree, "upper")).FullName;
        string work = Directory.CreateDirectory(Path.Join(layer, tree, "work")).FullName;
        Files.FchmodAt(Descriptor.WorkingDirectory, upper, Everybody);
        Files.FchownAt(Descriptor.WorkingDirectory, upper, owner, owner);
        try
        {
            return Mounts.Overlay("/" + tree, upper, work, place);
        }
        catch (LinuxException deep) when (deep.Errno == Errno.EINVAL)
        {
            // Two layers are the most the kernel stacks (FILESYSTEM_MAX_STACK_DEPTH): a container in a container in a container shows
            // its parent's programs read-only.
            return Mounts.BindReadOnly("/" + tree, place);
        }
    }

    private string ShowPrograms()
    {
        string call = "";
        foreach (string name in OwnPrograms)
        {
            if (Engine.Programs.Find(name) is string program)
            {
                call = Mounts.BindReadOnly(program, Made($"{Programs}/{name}", isFile: true));
            }
        }

        return call;
    }

    private string Made(string path, bool isFile)
    {
        string place = target + path;
        Directory.CreateDirectory(isFile ? Path.GetDirectoryName(place)! : place);
        if (isFile)
        {
            File.WriteAllBytes(place, []);
        }

        return place;
    }

    // The same mount: what is mounted below /usr does not show through an overlay of it.
    private static bool AreInTrees()
    {
        FileStatus usr = FileStatuses.Statx(Descriptor.WorkingDirectory, "/usr", AtFlags.None);
        return OwnPrograms.All(name => Engine.Programs.Find(name) is string path
            && path.StartsWith("/usr/", StringComparison.Ordinal)
            && FileStatuses.Statx(Descriptor.WorkingDirectory, path, AtFlags.None).MountId == usr.MountId);
    }
}
