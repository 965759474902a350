using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Standard input, output and error.</summary>
public static class StandardStreams
{
    private const int Count = 3;

    /// <summary>
    /// Makes what the caller has closed the null device. Else the next file that is opened would get its number: messages would be written
    /// into it, and it would be given to the container's user.
    /// </summary>
    public static void FillGaps()
    {
        for (int number = 0; number < Count; number++)
        {
            if (!Descriptors.IsOpen(number))
            {
                using SafeFileHandle nothing = OpenNothing();
                Descriptors.DuplicateTo(nothing, number, closeOnExec: false);
            }
        }
    }

    /// <summary>Beyond the numbers that are to be filled: the kernel gives the lowest that is free.</summary>
    private static SafeFileHandle OpenNothing()
    {
        using SafeFileHandle opened = Files.Open("/dev/null", OpenFlags.O_RDWR);
        return Descriptors.Duplicate(opened, Count);
    }
}
