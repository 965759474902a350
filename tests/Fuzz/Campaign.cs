using System.Diagnostics;
using System.Globalization;
using CsCheck;

namespace Containerception.Fuzz.Tests;

/// <summary>
/// One target, given first every file of its corpus and then, for its share of time, inputs that a generator makes. What an input breaks is
/// shrunk and told with the seed that makes it again; once mended, it goes to the corpus.
/// </summary>
internal static class Campaign
{
    /// <summary>Seconds for each target: CONTAINERCEPTION_FUZZ_SECONDS, or as many as CI can spare.</summary>
    public static int Seconds { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("CONTAINERCEPTION_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 2;

    /// <summary>The inputs that once broke a target, and those that mutation starts from.</summary>
    public static byte[][] Corpus(string target)
        => [.. Directory.GetFiles(Path.Combine(Repository.Root, "tests/Fuzz/Corpus", target)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    /// <summary>Mutations of the corpus, as bytes.</summary>
    public static void Run(string target, Action<byte[]> attempt) => Run(target, attempt, Mutation.OfBytes);

    /// <summary>Mutations of the corpus.</summary>
    public static void Run(string target, Action<byte[]> attempt, Func<Choices, byte[][], byte[]> mutate)
    {
        byte[][] corpus = Corpus(target);
        Assert.NotEmpty(corpus);
        foreach (byte[] input in corpus)
        {
            attempt(input);
        }

        Run(target, choices => mutate(choices, corpus), attempt, Convert.ToBase64String);
    }

    /// <summary>Inputs that are made of choices.</summary>
    public static void Run<T>(string target, Func<Choices, T> make, Action<T> attempt, Func<T, string> print)
    {
        Gen<T> inputs = Choices.Generator.Select(numbers => make(new Choices(numbers)));
        long executions = 0;
        TimeSpan longest = TimeSpan.Zero;
        long start = Stopwatch.GetTimestamp();
        inputs.Sample(
            input =>
            {
                executions++;
                long began = Stopwatch.GetTimestamp();
                attempt(input);
                TimeSpan took = Stopwatch.GetElapsedTime(began);
                longest = took > longest ? took : longest;
            },
            time: Seconds,
            threads: 1,
            print: print);
        double minutes = Stopwatch.GetElapsedTime(start).TotalMinutes;
        string line = string.Create(CultureInfo.InvariantCulture,
            $"fuzz {target}: {executions} executions, {executions / minutes:0} a minute, the longest {longest.TotalMilliseconds:0.0} ms");
        TestContext.Current.TestOutputHelper!.WriteLine(line);
        Console.WriteLine(line);
        Assert.True(longest < TimeSpan.FromSeconds(2), $"an input took {longest.TotalSeconds:0.0} s");
    }
}
