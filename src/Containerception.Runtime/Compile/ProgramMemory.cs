using System.Text;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// The memory of a program: mapped shared, so that what the child writes (results, times, the failure) is the parent's to read. Only
/// touched pages cost anything.
/// </summary>
internal sealed unsafe class ProgramMemory : IDisposable
{
    /// <summary>What a document of no length needs, and the arguments of a long command line: execve(2) takes 6 MiB at the most.</summary>
    private const nint Reserved = 16 << 20;

    /// <summary>The shortest entry of a config.json that becomes the most steps is a masked path: a dozen bytes, a dozen steps.</summary>
    private const nint PerDocumentByte = 128;

    private readonly nint _start;
    private readonly nint _size;
    private nint _used;

    public ProgramMemory(nint size)
    {
        _size = size;
        _start = (nint)Memory.MapAnonymous(
            (nuint)size, MemoryProtection.PROT_READ | MemoryProtection.PROT_WRITE, MappingFlags.MAP_SHARED | MappingFlags.MAP_NORESERVE);
    }

    /// <summary>Enough for the steps of a configuration: an address costs nothing until it is used.</summary>
    public static nint SizeFor(byte[] document) => SizeFor(document.Length);

    public static nint SizeFor(int documentBytes) => Reserved + (documentBytes * PerDocumentByte);

    /// <summary>Zeroed memory, aligned to 16 bytes.</summary>
    public nint Reserve(int size)
    {
        nint at = (_used + 15) & ~15;
        if (at + size > _size)
        {
            throw new ContainerException(FailureKind.Invalid, $"the container's configuration does not fit into {_size >> 10} KiB of steps");
        }

        _used = at + size;
        return _start + at;
    }

    public nint Copy(ReadOnlySpan<byte> bytes)
    {
        nint at = Reserve(bytes.Length);
        bytes.CopyTo(new Span<byte>((void*)at, bytes.Length));
        return at;
    }

    /// <summary>A text as the kernel takes it: UTF-8 with a NUL.</summary>
    public nint Text(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        nint at = Reserve(length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>((void*)at, length));
        return at;
    }

    /// <summary>An array of pointers to texts that ends with null: argv, envp.</summary>
    public nint Texts(IReadOnlyList<string> texts)
    {
        nint* array = (nint*)Reserve((texts.Count + 1) * sizeof(nint));
        for (int i = 0; i < texts.Count; i++)
        {
            array[i] = Text(texts[i]);
        }

        return (nint)array;
    }

    public nint Words(params ReadOnlySpan<nint> words)
    {
        nint at = Reserve(words.Length * sizeof(nint));
        words.CopyTo(new Span<nint>((void*)at, words.Length));
        return at;
    }

    public void Dispose() => Memory.Unmap((void*)_start, (nuint)_size);
}
