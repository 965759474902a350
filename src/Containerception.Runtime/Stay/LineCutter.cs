namespace Containerception.Runtime;

/// <summary>Takes one line, or a piece of a long one.</summary>
/// <param name="line">Without its newline.</param>
/// <param name="isWhole">It, or its last piece: a newline followed.</param>
/// <param name="isPiece">It is a piece: others came before or will come.</param>
internal delegate void LineTaker(ReadOnlySpan<byte> line, bool isWhole, bool isPiece);

/// <summary>Cuts what a program writes into lines, and lines into pieces of 16 KiB as docker does.</summary>
internal sealed class LineCutter(LineTaker take)
{
    /// <summary>docker's.</summary>
    public const int PieceBytes = 16 << 10;

    private byte[] _rest = [];
    private int _length;
    private bool _inLongLine;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int newline = bytes.IndexOf((byte)'\n');
            int take = newline >= 0 ? newline : bytes.Length;
            take = Math.Min(take, PieceBytes - _length);
            bool ends = newline >= 0 && take == newline;
            if (ends && _length == 0)
            {
                Pass(bytes[..take], isWhole: true);
            }
            else
            {
                Keep(bytes[..take]);
                if (ends || _length == PieceBytes)
                {
                    PassKept(ends);
                }
            }

            bytes = bytes[(take + (ends ? 1 : 0))..];
        }
    }

    /// <summary>The stream has ended, perhaps in the middle of a line.</summary>
    public void End()
    {
        if (_length > 0)
        {
            PassKept(isWhole: false);
        }

        _inLongLine = false;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _rest.Length)
        {
            Array.Resize(ref _rest, Math.Min(PieceBytes, Math.Max(256, 2 * (_length + bytes.Length))));
        }

        bytes.CopyTo(_rest.AsSpan(_length));
        _length += bytes.Length;
    }

    private void PassKept(bool isWhole)
    {
        Pass(_rest.AsSpan(0, _length), isWhole);
        (_rest, _length) = (_rest.Length > 1024 ? [] : _rest, 0);
    }

    private void Pass(ReadOnlySpan<byte> line, bool isWhole)
    {
        take(line, isWhole, _inLongLine || !isWhole);
        _inLongLine = !isWhole;
    }
}
