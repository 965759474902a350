using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Seccomp;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

// <root>/.@filters/17: head, profile, tail, instructions
//
//   head      everything else that the program depends on; of one length, so that all of it stands at one place:
//               the compiler, its switches, the profile's length, the kernel
//   profile   linux.seccomp, byte for byte as the document has it
//   tail      flags, what else is known of the program, and a checksum of both and of what follows

/// <summary>All that is made of a profile.</summary>
/// <param name="Program">For seccomp(2).</param>
/// <param name="AllowsStub">As <see cref="Sealing.AllowsStub"/> says.</param>
internal sealed record KeptFilter(SeccompProgram Program, bool AllowsStub);

/// <summary>
/// What was compiled of one profile, kept for the next container that has it. Which file that is a hash says; whether it is used, the whole
/// profile that stands in it. The files are trusted as <see cref="StateDirectory"/>'s are; one with anything odd about it is as good as none.
/// And so is a failure: the profile is compiled then.
/// </summary>
internal sealed class FilterCache
{
    /// <summary>No container's name: <see cref="ContainerId"/> has no such letter.</summary>
    public const string DirectoryName = ".@filters";

    /// <summary>The bound of what is kept; a machine has few profiles.</summary>
    private const int FilesMax = 64;

    private const string NewFile = "new";

    // What is longer is compiled each time: the directory is in memory.
    private const int ProfileBytesMax = 64 << 10;
    private const int InstructionBytes = 8;
    private const int TailLength = 3 * sizeof(uint);
    private const uint NotifiesFact = 1;
    private const uint AllowsStubFact = 2;
    private const int ChunkBytes = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly string _root;
    private readonly string _path;
    private readonly string _name;
    private readonly byte[] _head;
    private readonly ReadOnlyMemory<byte> _profile;

    /// <param name="root">The state directory.</param>
    /// <param name="profile">As it was read, with its listener from wherever it comes.</param>
    /// <param name="refuseUnknown">As <see cref="SeccompCompiler.Compile(SeccompConfig, bool)"/> is told.</param>
    public FilterCache(string root, SeccompConfig profile, bool refuseUnknown)
    {
        _root = root;
        _path = Path.Join(root, DirectoryName);
        _profile = profile.Json;
        string identity = FilterSources.Hash + SeccompNames.LibraryVersion;
        _head = new byte[identity.Length + 2 + sizeof(int) + KernelNames.Length];
        Span<byte> rest = _head.AsSpan(Encoding.ASCII.GetBytes(identity, _head));

        // Who is to be asked says the configuration each time; that there is somebody is what the compiler wants.
        rest[0] = (byte)(refuseUnknown ? 1 : 0);
        rest[1] = (byte)(string.IsNullOrEmpty(profile.ListenerPath) ? 0 : 1);
        BinaryPrimitives.WriteInt32LittleEndian(rest[2..], _profile.Length);
        KernelNames.Read(rest[(2 + sizeof(int))..]);
        _name = (Sum(Sum(0, _head), _profile.Span) % FilesMax).ToString(CultureInfo.InvariantCulture);
    }

    private bool IsKept => _profile.Length is > 0 and <= ProfileBytesMax;

    /// <summary>What was kept; null when it has to be compiled.</summary>
    public KeptFilter? TryLoad()
    {
        try
        {
            using SafeFileHandle? directory = IsKept ? OpenDirectory() : null;
            using SafeFileHandle? file = directory is null
                ? null
                : Files.TryOpenAt2(directory, _name, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW | OpenFlags.O_NONBLOCK, ResolveFlags.RESOLVE_NO_SYMLINKS);
            return file is null ? null : Read(file);
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    /// <summary>Keeps it, in place of what has the same hash, if that can be done at once.</summary>
    public void Save(KeptFilter filter)
    {
        try
        {
            if (!IsKept)
            {
                return;
            }

            StateDirectory.MakeRoot(_root);
            Files.TryMkdirAt(Descriptor.WorkingDirectory, _path, OwnerOnly | UnixFileMode.UserExecute);
            using SafeFileHandle? directory = OpenDirectory();

            // Of two at once one writes. What a dead one has left is written anew.
            if (directory is null || !FileContents.TryFlock(directory))
            {
                return;
            }

            Files.TryUnlinkAt(directory, NewFile);
            using SafeFileHandle file = Files.OpenAt(directory, NewFile, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOFOLLOW, OwnerOnly);
            FileContents.WriteAll(file, _head);
            FileContents.WriteAll(file, _profile.Span);
            FileContents.WriteAll(file, Tail(filter));
            FileContents.WriteAll(file, filter.Program.Instructions.Span);
            Files.RenameAt2(directory, NewFile, directory, _name);
        }
        catch (LinuxException)
        {
            // A full disk, one that cannot be written, or somebody else's: as without.
        }
    }

    private SafeFileHandle? OpenDirectory()
    {
        SafeFileHandle? directory = Files.TryOpenAt2(
            Descriptor.WorkingDirectory, _path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW, ResolveFlags.None);
        if (directory is null || IsOurs(FileStatuses.Statx(directory)))
        {
            return directory;
        }

        directory.Dispose();
        return null;
    }

    private static bool IsOurs(in FileStatus status) => status.Uid == Credentials.EffectiveUid && (status.Permissions & Writable) == 0;

    private KeptFilter? Read(SafeFileHandle file)
    {
        FileStatus status = FileStatuses.Statx(file);
        long length = (long)status.Size - _head.Length - _profile.Length - TailLength;
        if (!status.IsRegular || !IsOurs(status) || length % InstructionBytes != 0 || length is <= 0 or > SeccompCalls.InstructionsMax * InstructionBytes
            || !Continues(file, _head) || !Continues(file, _profile.Span))
        {
            return null;
        }

        Span<byte> tail = stackalloc byte[TailLength];
        byte[] instructions = new byte[length];
        if (!Fill(file, tail) || !Fill(file, instructions))
        {
            return null;
        }

        uint facts = BinaryPrimitives.ReadUInt32LittleEndian(tail[sizeof(uint)..]);
        SeccompProgram program = new(instructions, (SeccompFilterFlags)BinaryPrimitives.ReadUInt32LittleEndian(tail), (facts & NotifiesFact) != 0);
        KeptFilter filter = new(program, (facts & AllowsStubFact) != 0);
        return tail.SequenceEqual(Tail(filter)) ? filter : null;
    }

    /// <summary>Whether that is what follows in the file. It is not read as a whole: fresh memory costs more than the reading.</summary>
    private static bool Continues(SafeFileHandle file, ReadOnlySpan<byte> expected)
    {
        Span<byte> chunk = stackalloc byte[ChunkBytes];
        while (!expected.IsEmpty)
        {
            int length = FileContents.Read(file, chunk[..Math.Min(chunk.Length, expected.Length)]);
            if (length == 0 || !expected.StartsWith(chunk[..length]))
            {
                return false;
            }

            expected = expected[length..];
        }

        return true;
    }

    private static bool Fill(SafeFileHandle file, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int length = FileContents.Read(file, buffer);
            if (length == 0)
            {
                return false;
            }

            buffer = buffer[length..];
        }

        return true;
    }

    private static byte[] Tail(KeptFilter filter)
    {
        byte[] tail = new byte[TailLength];
        uint facts = (filter.Program.Notifies ? NotifiesFact : 0) | (filter.AllowsStub ? AllowsStubFact : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(tail, (uint)filter.Program.Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(sizeof(uint)), facts);

        // Not from 0: of what was never written, and is zeros after a crash, that would be the right one.
        uint sum = Sum(Sum(uint.MaxValue, tail.AsSpan(0, 2 * sizeof(uint))), filter.Program.Instructions.Span);
        BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(2 * sizeof(uint)), sum);
        return tail;
    }

    private static uint Sum(uint sum, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            sum = BitOperations.Crc32C(sum, word);
        }

        foreach (byte one in bytes[(words.Length * sizeof(ulong))..])
        {
            sum = BitOperations.Crc32C(sum, one);
        }

        return sum;
    }
}
