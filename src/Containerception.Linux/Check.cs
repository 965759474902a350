using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Turns the -1 of a libc call into a <see cref="LinuxException"/> that quotes the call. Success costs nothing.</summary>
internal static class Check
{
    public static int Result(int result, [InterpolatedStringHandlerArgument(nameof(result))] ref FailedCall call)
        => result >= 0 ? result : throw call.ToException();

    public static nint Result(nint result, [InterpolatedStringHandlerArgument(nameof(result))] ref FailedCall call)
        => result >= 0 ? result : throw call.ToException();

    /// <summary>The errno of the last import with SetLastError. Read it before anything else is called.</summary>
    public static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>The same for a call that returns a descriptor, which then belongs to the caller.</summary>
    public static SafeFileHandle Handle(int result, [InterpolatedStringHandlerArgument(nameof(result))] ref FailedCall call)
        => new(Result(result, ref call), ownsHandle: true);
}

/// <summary>A failed call, written the way strace writes it. When the call succeeded nothing here runs.</summary>
[InterpolatedStringHandler]
internal readonly ref struct FailedCall
{
    private readonly Errno _errno;
    private readonly StringBuilder? _text;

    public FailedCall(int literalLength, int formattedCount, nint result, out bool failed)
    {
        failed = result < 0;
        if (failed)
        {
            // First of all: building the text makes calls of its own.
            _errno = Check.LastErrno;
            _text = new StringBuilder(literalLength + (formattedCount * 16));
        }
    }

    public void AppendLiteral(string value) => _text!.Append(value);

    public void AppendFormatted(string? value) => _text!.Append(value is null ? "NULL" : $"\"{value}\"");

    /// <summary>Any format: it is the name of a constant, not a text.</summary>
    public void AppendFormatted(string value, string format) => _text!.Append(value);

    public void AppendFormatted(IReadOnlyList<string> value) => _text!.Append('[').AppendJoin(", ", value.Select(one => $"\"{one}\"")).Append(']');

    public void AppendFormatted(SafeFileHandle value) => _text!.Append(Descriptor.Describe(value));

    /// <summary>In octal, as everybody reads modes.</summary>
    public void AppendFormatted(UnixFileMode value) => _text!.Append('0').Append(Convert.ToString((int)value, 8));

    public void AppendFormatted<T>(T value, string format)
        where T : IFormattable
        => _text!.Append(value.ToString(format, CultureInfo.InvariantCulture));

    public void AppendFormatted<T>(T value)
        => _text!.Append(value is Enum flags ? Join(flags) : value);

    /// <summary>MS_NOSUID|MS_NODEV.</summary>
    public static string Join(Enum flags) => flags.ToString().Replace(", ", "|", StringComparison.Ordinal);

    public LinuxException ToException() => new(_text!.ToString(), _errno);
}
