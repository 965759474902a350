using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>A descriptor's number, for structures of the kernel; while it is held nobody closes it.</summary>
internal sealed class HeldNumber : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly bool _held;

    public HeldNumber(SafeFileHandle handle)
    {
        _handle = handle;
        handle.DangerousAddRef(ref _held);
        Value = (ulong)handle.DangerousGetHandle();
    }

    public ulong Value { get; }

    public void Dispose()
    {
        if (_held)
        {
            _handle.DangerousRelease();
        }
    }
}
