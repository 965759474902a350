using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>--console-socket and --pidfd-socket: a descriptor goes to whoever listens there. unix(7), SCM_RIGHTS.</summary>
internal static class CallerSockets
{
    public static void Send(string path, string body, SafeFileHandle descriptor)
    {
        try
        {
            using SafeFileHandle socket = UnixSockets.Create(UnixSocketType.SOCK_STREAM);
            UnixSockets.Connect(socket, path);
            SocketMessages.Send(socket, Encoding.UTF8.GetBytes(body), descriptor);
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"send to the socket {path}: {failure.Message}", "somebody must listen there", failure);
        }
    }
}
