namespace Containerception.Images;

/// <summary>Reading what a registry answers, which may be longer, slower or shorter than it says.</summary>
internal static class Bodies
{
    /// <summary>A whole answer, up to a limit.</summary>
    /// <exception cref="ImageException">It is longer.</exception>
    public static async Task<byte[]> Read(HttpResponseMessage response, int max, CancellationToken cancel)
    {
        using Stream stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        using MemoryStream content = new();
        byte[] buffer = new byte[16 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
        {
            if (content.Length + count > max)
            {
                throw new ImageException(ImageFailure.Damaged, $"{response.RequestMessage!.RequestUri!.Host}: an answer is longer than {max} bytes");
            }

            content.Write(buffer, 0, count);
        }

        return content.ToArray();
    }
}
