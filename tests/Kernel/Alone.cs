using System.Runtime.ExceptionServices;

namespace Containerception.Kernel.Tests;

/// <summary>Runs work on a thread that ends with it: namespaces, capabilities, masks and filters belong to a thread.</summary>
internal static class Alone
{
    public static void Run(Action work)
    {
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                work();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>The same in a mount namespace of its own, from which nothing travels back.</summary>
    public static void WithMounts(Action work) => Run(() =>
    {
        Linux.Namespaces.Unshare(NamespaceFlags.CLONE_NEWNS);
        Mounting.Mount(null, "/", null, MountFlags.MS_REC | MountFlags.MS_PRIVATE);
        work();
    });
}
