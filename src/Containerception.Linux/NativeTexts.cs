using System.Runtime.InteropServices;
using System.Text;

namespace Containerception.Linux;

/// <summary>A list of texts as execve(2) wants it: pointers to NUL-terminated UTF-8, and a null pointer behind them, in one block.</summary>
public sealed unsafe class NativeTexts : IDisposable
{
    private byte** _pointers;

    public NativeTexts(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);

        nuint pointerBytes = (nuint)(texts.Count + 1) * (nuint)sizeof(byte*);
        nuint size = pointerBytes;
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i].Contains('\0', StringComparison.Ordinal))
            {
                throw new LinuxException($"a text for the kernel with a NUL inside, \"{texts[i].Replace("\0", "\\0", StringComparison.Ordinal)}\"",
                    Errno.EINVAL);
            }

            size += (nuint)Encoding.UTF8.GetByteCount(texts[i]) + 1;
        }

        _pointers = (byte**)NativeMemory.Alloc(size);
        byte* next = (byte*)_pointers + pointerBytes;
        byte* end = (byte*)_pointers + size;
        for (int i = 0; i < texts.Count; i++)
        {
            _pointers[i] = next;
            next += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(next, (int)(end - next)));
            *next++ = 0;
        }

        _pointers[texts.Count] = null;
    }

    ~NativeTexts() => NativeMemory.Free(_pointers);

    /// <summary>The first of the pointers; good until this is disposed.</summary>
    public byte** Pointers => _pointers;

    public void Dispose()
    {
        NativeMemory.Free(_pointers);
        _pointers = null;
        GC.SuppressFinalize(this);
    }
}
