using System.Diagnostics.CodeAnalysis;
using Containerception.Cgroups;

namespace Containerception.Runtime;

/// <summary>What was done and must be taken back if the rest fails. Newest first; goes on after a failure, and reports every one.</summary>
internal sealed class Undo
{
    private readonly Stack<Action> _actions = new();
    private Action? _record;

    public void Push(Action action) => _actions.Push(action);

    /// <summary>Takes away what says that anything was done: last, and only when nothing of it is left, for else nobody could take back the rest.</summary>
    public void Record(Action remove) => _record = remove;

    /// <summary>All went well: nothing is taken back.</summary>
    public void Keep()
    {
        _actions.Clear();
        _record = null;
    }

    /// <summary>Takes everything back because of <paramref name="reason"/>, which the caller throws on.</summary>
    /// <exception cref="ContainerException">Something could not be taken back: the reason, and that.</exception>
    public void TakeBack(Exception reason)
    {
        List<string> failures = [];
        while (_actions.TryPop(out Action? action) || (failures.Count == 0 && TakeRecord(out action)))
        {
            try
            {
                action();
            }
            catch (Exception failure) when (failure is ContainerException or CgroupException or IOException)
            {
                failures.Add(failure.Message);
            }
        }

        if (failures.Count > 0)
        {
            throw new ContainerException(
                FailureKind.System, $"{reason.Message}; and taking back what was done failed: {string.Join("; ", failures)}", "try delete --force", reason);
        }
    }

    private bool TakeRecord([NotNullWhen(true)] out Action? action)
    {
        (action, _record) = (_record, null);
        return action is not null;
    }
}
