using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

/// <summary>A directory that goes with the test.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kernel-tests-");

    public Scratch() => Handle = Files.Open(Path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);

    public string Path => _directory.FullName;

    public SafeFileHandle Handle { get; }

    public string File(string name, string content = "")
    {
        string path = System.IO.Path.Join(Path, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public string Folder(string name) => _directory.CreateSubdirectory(name).FullName;

    public void Dispose()
    {
        Handle.Dispose();
        _directory.Delete(recursive: true);
    }
}
