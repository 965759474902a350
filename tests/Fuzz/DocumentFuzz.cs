using System.Text.Json;
using Containerception.Oci;
using Containerception.Runtime;

namespace Containerception.Fuzz.Tests;

/// <summary>JSON that others write: taken, or refused with the one kind of error that says so.</summary>
public sealed class DocumentFuzz
{
    [Fact]
    public void A_config_is_taken_or_refused_and_what_was_taken_can_be_written_and_read_again()
        => Campaign.Run("config", static document =>
        {
            if (Taken(() => RuntimeConfig.Read(document)) is { } config && IsValid(config))
            {
                RuntimeConfig again = RuntimeConfig.Read(config.ToJson());
                Assert.Equal(config.ToJson(), again.ToJson());
                Assert.True(IsValid(again));
            }
        }, Mutation.OfJson);

    [Fact]
    public void A_process_is_taken_or_refused()
        => Campaign.Run("process", static document =>
        {
            if (Taken(() => ProcessConfig.Read(document)) is { } process)
            {
                _ = Taken(() =>
                {
                    ConfigValidation.Validate(process);
                    return process;
                });
            }
        }, Mutation.OfJson);

    [Fact]
    public void Limits_are_taken_or_refused()
        => Campaign.Run("resources", static document => _ = Taken(() => LinuxResources.Read(document)), Mutation.OfJson);

    [Fact]
    public void A_saved_state_is_taken_or_damaged()
        => Campaign.Run("state", static document =>
        {
            try
            {
                SavedState state = SavedState.Read(document);
                Assert.True(state.InitPid >= 0);
                Assert.All([state.Id, state.OciVersion, state.Bundle, state.Rootfs], Assert.NotNull);
                _ = SavedState.Read(state.Write().ToArray());
            }
            catch (Exception damage) when (damage is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                // The kinds that StateDirectory tells as "is damaged".
            }
        }, Mutation.OfJson);

    private static bool IsValid(RuntimeConfig config) => Taken(() =>
    {
        ConfigValidation.Validate(config);
        _ = config.Linux?.Seccomp?.Syscalls;
        return config;
    }) is not null;

    private static T? Taken<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (ConfigException refusal)
        {
            Assert.NotEmpty(refusal.Message);
            return null;
        }
    }
}
