using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary>
/// Text to a descriptor by write(2), at once. A FileStream would write at an offset of its own (pwrite), and over what the container has
/// written to the same file.
/// </summary>
internal sealed class DescriptorWriter(int descriptor) : TextWriter
{
    private readonly SafeFileHandle _handle = new(descriptor, ownsHandle: false);

    public override Encoding Encoding { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Write(string? value)
    {
        if (value is { Length: > 0 })
        {
            try
            {
                FileContents.WriteAll(_handle, Encoding.GetBytes(value));
            }
            catch (LinuxException failure) when (failure.Errno == Errno.EPIPE)
            {
                // Whoever read has seen enough: `cdock --help | head`.
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
    }
}
