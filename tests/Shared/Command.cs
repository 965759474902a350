using System.Diagnostics;

namespace Containerception.Tests;

/// <summary>What a program said, and how it ended: its exit status, or 128 + signal.</summary>
internal sealed record Outcome(int Status, string Output, string Errors)
{
    /// <summary>Its errors, with the quotation marks as they were before a log put them in quotation marks.</summary>
    public string Message => Errors.Replace("\\\"", "\"", StringComparison.Ordinal);

    public override string ToString() => $"exit status {Status}\nstdout: {Output}\nstderr: {Errors}";

    /// <summary>Asserts that it went well, and hands back its output without the last newline.</summary>
    public string Succeeded()
    {
        Assert.True(Status == 0, ToString());
        return Output.TrimEnd('\n');
    }
}

/// <summary>One program started by a test. It is killed when it takes longer than it may.</summary>
internal sealed class Command : IDisposable
{
    private readonly Process _process;
    private readonly TimeSpan _patience;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;
    private readonly string _words;

    public Command(IEnumerable<string> words, string? input = null, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null,
        TimeSpan? patience = null)
    {
        _patience = patience ?? TimeSpan.FromSeconds(30);
        string[] all = words.ToArray();
        _words = string.Join(' ', all);
        ProcessStartInfo start = new(all[0], all[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "/",
        };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _errors = _process.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            _process.StandardInput.Write(input);
        }

        _process.StandardInput.Close();
    }

    public int Pid => _process.Id;

    public static Outcome Run(params string[] words)
    {
        using Command command = new(words);
        return command.Wait();
    }

    public Outcome Wait()
    {
        // Its output too: a process left behind keeps the pipe open, and that is a leak to be told, not waited for.
        bool ended = _process.WaitForExit(_patience) && Task.WaitAll([_output, _errors], TimeSpan.FromSeconds(10));
        if (!ended)
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"{_words}: did not end, or left somebody holding its output, within {_patience.TotalSeconds} s");
        }

        return new Outcome(_process.ExitCode, _output.Result, _errors.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
