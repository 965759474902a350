namespace Containerception.Oci;

/// <summary>config.json's <c>hooks</c>.</summary>
internal static class HooksReader
{
    public static HooksConfig Read(ConfigNode hooks) => new()
    {
        Prestart = hooks.Objects("prestart", ReadHook),
        CreateRuntime = hooks.Objects("createRuntime", ReadHook),
        CreateContainer = hooks.Objects("createContainer", ReadHook),
        StartContainer = hooks.Objects("startContainer", ReadHook),
        Poststart = hooks.Objects("poststart", ReadHook),
        Poststop = hooks.Objects("poststop", ReadHook),
    };

    private static HookConfig ReadHook(ConfigNode hook) => new()
    {
        Path = hook.RequiredText("path"),
        Args = hook.Texts("args"),
        Env = hook.Texts("env"),
        Timeout = hook.Int("timeout"),
    };
}
