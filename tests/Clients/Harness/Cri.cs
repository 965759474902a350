using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Containerception.Clients.Tests;

/// <summary>
/// The Container Runtime Interface, as a kubelet speaks it to containerd: gRPC on a unix socket. Only what the tests ask for; the numbers of fields
/// are those of k8s.io/cri-api/pkg/apis/runtime/v1/api.proto.
/// </summary>
internal sealed class Cri(string socket) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            Socket connection = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
            return new NetworkStream(connection, ownsSocket: true);
        },
    })
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    public ProtoReader Call(string method, ProtoMessage request)
    {
        byte[] message = request.ToBytes();
        byte[] frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        using HttpRequestMessage call = new(HttpMethod.Post, $"http://localhost/runtime.v1.RuntimeService/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        call.Headers.TE.ParseAdd("trailers");
        // HTTP/2 is only to be had so.
        using HttpResponseMessage answer = _http.SendAsync(call).GetAwaiter().GetResult();
        byte[] body = answer.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
        string Trailer(string name)
            => answer.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || answer.Headers.TryGetValues(name, out values) ? values.First() : "";
        Assert.True(Trailer("grpc-status") == "0", $"{method}: {Uri.UnescapeDataString(Trailer("grpc-message"))}");
        return new ProtoReader(body.AsSpan(5));
    }

    public void Dispose() => _http.Dispose();
}
