using Containerception.Supervision;

namespace Containerception.Runtime;

/// <summary>Keeps what a program writes, line by line.</summary>
internal interface ILogDriver : IDisposable
{
    /// <param name="stream">Stdout or Stderr.</param>
    /// <param name="line">A line without its newline, or a piece of a long one.</param>
    /// <param name="isWhole">A newline followed.</param>
    /// <param name="isPiece">It is a piece: others came before or will come.</param>
    /// <param name="time">When it was read.</param>
    void Write(FrameKind stream, ReadOnlySpan<byte> line, bool isWhole, bool isPiece, DateTimeOffset time);

    /// <summary>For now no more lines come: who reads the log shall see those that did.</summary>
    void Flush();
}

/// <summary>A container's log: both streams cut into lines, with the time of each, to the driver. A log that fails never holds up the program.</summary>
internal sealed class ProgramLog : IDisposable
{
    private readonly ILogDriver _driver;
    private readonly TimeProvider _clock;
    private readonly LineCutter _stdout;
    private readonly LineCutter _stderr;
    private DateTimeOffset _now;

    private ProgramLog(ILogDriver driver, TimeProvider clock)
    {
        _driver = driver;
        _clock = clock;
        _stdout = new LineCutter((line, isWhole, isPiece) => Write(FrameKind.Stdout, line, isWhole, isPiece));
        _stderr = new LineCutter((line, isWhole, isPiece) => Write(FrameKind.Stderr, line, isWhole, isPiece));
    }

    /// <returns>Null for the driver <c>none</c>.</returns>
    public static ProgramLog? Open(SupervisePlan plan, TimeProvider clock) => plan.LogDriver switch
    {
        "none" => null,
        "json-file" => new ProgramLog(JsonFileLog.Open(plan), clock),
        "journald" => new ProgramLog(JournaldLog.Open(plan), clock),
        _ => throw new ContainerException(FailureKind.Unsupported, $"there is no log driver \"{plan.LogDriver}\"", "use json-file, journald or none"),
    };

    public void Add(FrameKind stream, ReadOnlySpan<byte> bytes)
    {
        _now = _clock.GetUtcNow();
        (stream == FrameKind.Stdout ? _stdout : _stderr).Add(bytes);
        Guard(_driver.Flush);
    }

    /// <summary>The program has ended: what it wrote without a newline is a line too.</summary>
    public void EndLines()
    {
        _now = _clock.GetUtcNow();
        _stdout.End();
        _stderr.End();
        Guard(_driver.Flush);
    }

    public void Dispose() => _driver.Dispose();

    private void Write(FrameKind stream, ReadOnlySpan<byte> line, bool isWhole, bool isPiece)
    {
        try
        {
            _driver.Write(stream, line, isWhole, isPiece, _now);
        }
        catch (Linux.LinuxException)
        {
            // As below.
        }
    }

    private static void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Linux.LinuxException)
        {
            // The disk is full, or the journal gone: the program goes on, and these lines are lost.
        }
    }
}
