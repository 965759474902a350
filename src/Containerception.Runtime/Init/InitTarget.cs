using System.Runtime.CompilerServices;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// Opens the target of a mount below the container's root, and makes what is missing of it.
/// <c>A0</c>: the slot of the root's descriptor. <c>A1</c>: the path, absolute as the container means it. <c>A2</c>: 1 for a directory, 0 for
/// a file. <c>A3</c>, <c>A4</c>: open_how that follows a last link, and one that does not. The result is an O_PATH descriptor.
///
/// The tree is hostile: another container may be swapping its parts while we walk. Every step therefore starts at the root's descriptor
/// with RESOLVE_IN_ROOT, so that whatever was swapped, the walk stays inside (CVE-2021-30465). What is missing is made with *at calls on
/// a descriptor so resolved, never by name (CVE-2024-45310). A link that dangles is followed by hand, inside the root: images have
/// /etc/resolv.conf point to files of /run that are yet to be made.
/// </summary>
internal static unsafe class InitTarget
{
    /// <summary>PATH_MAX. The scratch memory has three of it: the part of the path behind, the part ahead, and a link's text.</summary>
    public const int PathSize = 4096;

    public const int ScratchSize = 3 * PathSize;

    private const int ENOENT = (int)Errno.ENOENT;
    private const int EEXIST = (int)Errno.EEXIST;
    private const int EAGAIN = (int)Errno.EAGAIN;
    private const int ELOOP = (int)Errno.ELOOP;
    private const int ENAMETOOLONG = (int)Errno.ENAMETOOLONG;
    private const int AgainMax = 128;
    private const int LinksMax = 40;
    private const int OpenHowSize = 24;
    private const int NewDirectoryMode = 0x1ED; // 0755
    private const int NewFileMode = 0x81A4; // S_IFREG | 0644

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static nint Open(InitProgram* program, InitStep* step)
    {
        nint root = program->Slots[step->A0];
        byte* path = (byte*)step->A1;
        nint found = OpenInRoot(program, root, path, step->A3);
        if (found != -ENOENT)
        {
            return found;
        }

        nint made = Walk(program, step, root);
        return made < 0 ? made : OpenInRoot(program, root, path, step->A3);
    }

    /// <summary>openat2, again while the kernel says that the tree changed below it: openat2(2), EAGAIN.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static nint OpenInRoot(InitProgram* program, nint root, byte* path, nint how)
    {
        nint result = -EAGAIN;
        for (int again = 0; again < AgainMax && result == -EAGAIN; again++)
        {
            result = program->Syscall((nint)SyscallNumbers.SYS_openat2, root, (nint)path, how, OpenHowSize, 0, 0);
        }

        return result;
    }

    /// <summary>Goes through the path name by name. <c>walked</c> is behind and free of links; <c>rest</c> is ahead.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Walk(InitProgram* program, InitStep* step, nint root)
    {
        byte* walked = program->Scratch;
        byte* rest = SkipSlashes((byte*)step->A1);
        int length = 0;
        int links = 0;
        while (*rest != 0)
        {
            int name = NameLength(rest);
            int before = length;
            if (IsDots(rest, name))
            {
                length = name == 2 ? ParentLength(walked, length) : length;
            }
            else
            {
                length = Append(walked, length, rest, name);
                if (length < 0)
                {
                    return -ENAMETOOLONG;
                }

                bool directory = *SkipSlashes(rest + name) != 0 || step->A2 != 0;
                nint link = Visit(program, step, root, before, length, directory);
                if (link < 0)
                {
                    return link;
                }

                if (link > 0)
                {
                    if (++links > LinksMax)
                    {
                        return -ELOOP;
                    }

                    byte* text = program->Scratch + (2 * PathSize);
                    length = *text == (byte)'/' ? 0 : before;
                    rest = GoOnWithLink(program, (int)link, rest + name);
                    if (rest == null)
                    {
                        return -ENAMETOOLONG;
                    }

                    continue;
                }
            }

            rest = SkipSlashes(rest + name);
        }

        return 0;
    }

    /// <summary>
    /// Looks at the component that <c>walked</c> ends with, and makes it where it is missing. 0: it is there. More: it is a link, whose
    /// text of that length lies in the scratch memory.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Visit(InitProgram* program, InitStep* step, nint root, int before, int length, bool directory)
    {
        byte* walked = program->Scratch;
        walked[length] = 0;
        nint component = OpenInRoot(program, root, walked, step->A4);
        if (component == -ENOENT)
        {
            nint made = Make(program, step, root, before, directory);
            if (made < 0 && made != -EEXIST)
            {
                return made;
            }

            // Whoever made it, what it is now must be seen.
            walked[before] = (byte)'/';
            component = OpenInRoot(program, root, walked, step->A4);
        }

        if (component < 0)
        {
            return component;
        }

        // readlinkat with an empty path reads the link that an O_PATH | O_NOFOLLOW descriptor is; of all else it says an error.
        byte* text = program->Scratch + (2 * PathSize);
        byte* empty = walked + length;
        nint read = program->Syscall((nint)SyscallNumbers.SYS_readlinkat, component, (nint)empty, (nint)text, PathSize - 1, 0, 0);
        program->Syscall((nint)SyscallNumbers.SYS_close, component, 0, 0, 0, 0, 0);
        return read > 0 ? read : 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Make(InitProgram* program, InitStep* step, nint root, int before, bool directory)
    {
        byte* walked = program->Scratch;
        walked[before] = 0;
        nint parent = before == 0 ? root : OpenInRoot(program, root, walked, step->A4);
        if (parent < 0)
        {
            return parent;
        }

        nint name = (nint)(walked + before + 1);
        nint made = directory
            ? program->Syscall((nint)SyscallNumbers.SYS_mkdirat, parent, name, NewDirectoryMode, 0, 0, 0)
            : program->Syscall((nint)SyscallNumbers.SYS_mknodat, parent, name, NewFileMode, 0, 0, 0);
        if (before != 0)
        {
            program->Syscall((nint)SyscallNumbers.SYS_close, parent, 0, 0, 0, 0, 0);
        }

        return made;
    }

    /// <summary>What is ahead after a link: its text, then what was ahead before. Null when that is too long.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte* GoOnWithLink(InitProgram* program, int linkLength, byte* rest)
    {
        byte* text = program->Scratch + (2 * PathSize);
        int length = linkLength;
        text[length++] = (byte)'/';
        while (*rest != 0)
        {
            if (length == PathSize - 1)
            {
                return null;
            }

            text[length++] = *rest++;
        }

        byte* ahead = program->Scratch + PathSize;
        for (int i = 0; i < length; i++)
        {
            ahead[i] = text[i];
        }

        ahead[length] = 0;
        return SkipSlashes(ahead);
    }

    private static int Append(byte* walked, int length, byte* name, int nameLength)
    {
        if (length + nameLength + 2 > PathSize)
        {
            return -1;
        }

        walked[length++] = (byte)'/';
        for (int i = 0; i < nameLength; i++)
        {
            walked[length++] = name[i];
        }

        return length;
    }

    private static int ParentLength(byte* walked, int length)
    {
        while (length > 0 && walked[--length] != (byte)'/')
        {
        }

        return length;
    }

    private static bool IsDots(byte* name, int length)
        => name[0] == (byte)'.' && (length == 1 || (length == 2 && name[1] == (byte)'.'));

    private static int NameLength(byte* path)
    {
        int length = 0;
        while (path[length] != 0 && path[length] != (byte)'/')
        {
            length++;
        }

        return length;
    }

    private static byte* SkipSlashes(byte* path)
    {
        while (*path == (byte)'/')
        {
            path++;
        }

        return path;
    }
}
