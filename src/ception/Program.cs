using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Containerception.Supervision;

namespace Containerception.Cli;

/// <summary><c>ception</c>, the command line: flags, a verb, its flags, and one call down.</summary>
internal static class Program
{
    public const string Name = "ception";

    private static int Main(string[] line)
    {
        Output output = Output.Standard;
        Log log = Log.ToStandardError(LogFormat.Text, isDebug: false, TimeProvider.System);
        Verb? verb = null;
        try
        {
            Signals.TakeMaskOfEntry();
            StandardStreams.FillGaps();

            // Who was started by a descriptor has its number for a name.
            Prctl.Name = Name;
            if (line is [LateMessage.Verb])
            {
                line = LateMessage.Receive() ?? [];
                if (line.Length == 0)
                {
                    return ExitCode.Fine;
                }
            }

            ParsedFlags global = FlagParser.Parse(line, GlobalFlags.All, FlagPlace.First);
            log = OpenLog(global);
            if (global.Is(GlobalFlags.Version))
            {
                output.Write(VersionText.All());
                return ExitCode.Fine;
            }

            if (global.Is(Flag.HelpFlag) || global.Arguments.Count == 0)
            {
                output.Write(HelpText.Program());
                return ExitCode.Fine;
            }

            verb = Verbs.Find(global.Arguments[0]);
            if (verb is null)
            {
                log.Error($"No help topic for '{global.Arguments[0]}'", hint: null);
                return ExitCode.UnknownCommand;
            }

            ParsedFlags flags = FlagParser.Parse([.. global.Arguments.Skip(1)], [.. verb.Flags, Flag.HelpFlag], verb.FlagPlace);
            if (flags.Is(Flag.HelpFlag))
            {
                output.Write(HelpText.Of(verb));
                return ExitCode.Fine;
            }

            verb.CheckArgumentCount(flags.Arguments.Count);
            return verb.Run(new Invocation(global, flags, output, log));
        }
        catch (UsageException e)
        {
            output.Write($"Incorrect Usage: {e.Message}\n\n{(verb is null ? HelpText.Program() : HelpText.Of(verb))}");
            log.Error(e.Message, hint: null);
            return ExitCode.Failed;
        }
        catch (LinuxException e) when (e.Errno == Errno.EPIPE && e.Call.StartsWith("write(1", StringComparison.Ordinal))
        {
            // Who reads what we say has read enough: head(1).
            return ExitCode.Failed;
        }
        catch (ContainerException e)
        {
            log.Error(verb?.FailurePrefix + e.Message, e.Hint);
        }
        catch (Exception e) when (e is ConfigException or LinuxException)
        {
            log.Error(verb?.FailurePrefix + e.Message, hint: null);
        }
        catch (Exception e)
        {
            // Ours to answer for, and still one line: the caller may be a program that reads it.
            log.Error($"{verb?.FailurePrefix}{e.GetType().Name}: {e.Message}", hint: null);
        }

        return verb?.FailureCode ?? ExitCode.Failed;
    }

    private static Log OpenLog(ParsedFlags global)
    {
        GlobalFlags.Check(global);
        LogFormat format = global.Text(GlobalFlags.LogFormat) switch
        {
            "text" => LogFormat.Text,
            "json" => LogFormat.Json,
            "explain" => LogFormat.Explain,
            _ => LogFormat.Text,
        };
        string? level = global.Text(GlobalFlags.LogLevel);
        bool isDebug = global.Is(GlobalFlags.Debug) || level == "debug";
        Log log = GlobalFlags.LogFileOf(global) is { } path
            ? Log.ToFile(path, format, isDebug, global.Is(GlobalFlags.LogOnly), TimeProvider.System)
            : Log.ToStandardError(format, isDebug, TimeProvider.System);
        log.Warns = level != "error";
        return log;
    }
}
