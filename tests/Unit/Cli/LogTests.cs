using Containerception.Cli;
using Containerception.Runtime;

namespace Containerception.Unit.Tests.Cli;

public sealed class LogTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_log_file_is_appended_to()
    {
        string path = Path.Join(_directory.FullName, "log");
        File.WriteAllText(path, "before\n");

        Log log = Log.ToFile(path, LogFormat.Text, isDebug: true, isAlone: false, TimeProvider.System);
        log.Step(new StepRecord("a", "b", "c", "d", TimeSpan.Zero));

        string[] lines = File.ReadAllLines(path);
        Assert.Equal("before", lines[0]);
        Assert.EndsWith("level=debug msg=b call=c step=a us=0.0 why=d", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_cannot_be_opened_says_why()
        => Assert.Contains(
            "no such file or directory",
            Assert.Throws<Containerception.Linux.LinuxException>(
                () => Log.ToFile(Path.Join(_directory.FullName, "none", "log"), LogFormat.Json, isDebug: false, isAlone: false, TimeProvider.System)).Message,
            StringComparison.OrdinalIgnoreCase);
}
