namespace Containerception.Engine;

/// <summary>What has been done so far, and how to take it back: newest first, going on after a failure.</summary>
internal sealed class Undo : IDisposable
{
    private readonly Stack<Action> _actions = new();

    public void Add(Action action) => _actions.Push(action);

    /// <summary>All went well: nothing is taken back.</summary>
    public void Keep() => _actions.Clear();

    public void Dispose()
    {
        List<Exception> failures = [];
        while (_actions.TryPop(out Action? action))
        {
            try
            {
                action();
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
        {
            throw new EngineException(
                FailureKind.System, $"cleaning up failed: {string.Join("; ", failures.Select(one => one.Message))}", cause: failures[0]);
        }
    }
}
