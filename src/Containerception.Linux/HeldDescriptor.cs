using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>The number of a descriptor for as long as a call needs it: nobody can close it meanwhile, and give the number to another file.</summary>
internal ref struct HeldDescriptor
{
    private readonly SafeFileHandle _handle;
    private bool _held;

    public HeldDescriptor(SafeFileHandle handle)
    {
        _handle = handle;
        handle.DangerousAddRef(ref _held);
        Number = (int)handle.DangerousGetHandle();
    }

    public int Number { get; }

    public void Dispose()
    {
        if (_held)
        {
            _handle.DangerousRelease();
            _held = false;
        }
    }
}
