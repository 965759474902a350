using System.CommandLine;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary>Where <c>save</c> and <c>export</c> write: a file that is there only when it is whole, or standard output.</summary>
internal static class ArchiveOutput
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static Option<string> Option() => new("--output", "-o") { Description = "The file (default: standard output)", HelpName = "FILE" };

    public static void Write(string? path, Action<Stream> write)
    {
        if (path is null)
        {
            if (Terminals.IsTerminal(Descriptors.Borrow(1)))
            {
                throw new UsageException("cowardly refusing to save to a terminal", "name a file with --output, or redirect");
            }

            using DescriptorStream output = new(Descriptors.Borrow(1));
            write(output);
            return;
        }

        // A device or a pipe is written to; a file is written beside and renamed.
        if (File.Exists(path) && !FileStatuses.Statx(Descriptor.WorkingDirectory, path, AtFlags.None).IsRegular)
        {
            using SafeFileHandle special = Files.Open(path, OpenFlags.O_WRONLY);
            using DescriptorStream output = new(special);
            write(output);
            return;
        }

        string beside = Path.Join(Path.GetDirectoryName(Path.GetFullPath(path)), $".{Path.GetFileName(path)}.{Path.GetRandomFileName()}");
        try
        {
            using (SafeFileHandle file = Files.Open(beside, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOFOLLOW, OwnerOnly))
            using (DescriptorStream output = new(file))
            {
                write(output);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }
}
