using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>Keyrings that every process has, spelled as in linux/keyctl.h.</summary>
public enum SpecialKeyring
{
    None = 0,
    KEY_SPEC_THREAD_KEYRING = -1,
    KEY_SPEC_PROCESS_KEYRING = -2,
    KEY_SPEC_SESSION_KEYRING = -3,
    KEY_SPEC_USER_KEYRING = -4,
    KEY_SPEC_USER_SESSION_KEYRING = -5,
}

/// <summary>Who may do what with a key: keyctl_setperm(3). Four bytes: possessor, user, group, other.</summary>
[Flags]
public enum KeyPermissions : uint
{
    None = 0,
    KEY_POS_VIEW = 0x01000000,
    KEY_POS_READ = 0x02000000,
    KEY_POS_WRITE = 0x04000000,
    KEY_POS_SEARCH = 0x08000000,
    KEY_POS_LINK = 0x10000000,
    KEY_POS_SETATTR = 0x20000000,
    KEY_POS_ALL = 0x3f000000,
    KEY_USR_VIEW = 0x00010000,
    KEY_USR_READ = 0x00020000,
    KEY_USR_WRITE = 0x00040000,
    KEY_USR_SEARCH = 0x00080000,
    KEY_USR_LINK = 0x00100000,
    KEY_USR_SETATTR = 0x00200000,
    KEY_USR_ALL = 0x003f0000,
}

/// <summary>keyctl(2): a container must not inherit the session keyring of whoever started it.</summary>
public static partial class Keyrings
{
    private const int KEYCTL_GET_KEYRING_ID = 0;
    private const int KEYCTL_JOIN_SESSION_KEYRING = 1;
    private const int KEYCTL_SETPERM = 5;
    private const int KEYCTL_DESCRIBE = 6;
    private const int DescriptionBytesMax = 4096;

    /// <summary>Gives the process a session keyring of this name, new or one it may join; its number is returned. Kept by execve(2).</summary>
    /// <exception cref="LinuxException">
    /// <see cref="Errno.EDQUOT"/>: kernel.keys.maxkeys of this uid are used up; <see cref="Errno.ENOSYS"/>: a kernel without keys.
    /// </exception>
    public static int JoinSession(string name)
        => (int)Check.Result(keyctl(SyscallNumbers.SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name), $"keyctl(KEYCTL_JOIN_SESSION_KEYRING, {name})");

    /// <summary>The number of one of the caller's keyrings.</summary>
    public static int NumberOf(SpecialKeyring keyring)
        => (int)Check.Result(keyctl(SyscallNumbers.SYS_keyctl, KEYCTL_GET_KEYRING_ID, (int)keyring, 0), $"keyctl(KEYCTL_GET_KEYRING_ID, {keyring}, 0)");

    /// <summary>Sets who may do what with a key.</summary>
    public static void SetPermissions(int key, KeyPermissions permissions)
        => Check.Result(keyctl(SyscallNumbers.SYS_keyctl, KEYCTL_SETPERM, key, (uint)permissions), $"keyctl(KEYCTL_SETPERM, {key}, {permissions})");

    /// <summary>What a key is: <c>keyring;0;0;3f130000;_ses</c>, that is type, uid, gid, permissions and name.</summary>
    public static string Describe(int key)
    {
        Span<byte> buffer = stackalloc byte[DescriptionBytesMax];
        nint length = Check.Result(keyctl(SyscallNumbers.SYS_keyctl, KEYCTL_DESCRIBE, key, buffer, (nuint)buffer.Length), $"keyctl(KEYCTL_DESCRIBE, {key})");
        return KernelText.Read(buffer[..(int)Math.Min(length, buffer.Length)]);
    }

    // No libc symbol: that of libkeyutils is a library of its own. One import for each shape of its arguments.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true,
        StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial nint keyctl(long number, int operation, string name);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint keyctl(long number, int operation, int key, uint argument);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint keyctl(long number, int operation, int key, Span<byte> buffer, nuint size);
}
