using System.Text;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary>Asks before something is lost.</summary>
internal static class Question
{
    private const int AnswerBytesMax = 64;

    /// <returns>Whether the answer was yes; no answer is no.</returns>
    public static bool Ask(Output output, string warning)
    {
        output.Standard.Write($"{warning}\nAre you sure you want to continue? [y/N] ");
        byte[] answer = new byte[AnswerBytesMax];
        int length = FileContents.Read(Descriptors.Borrow(0), answer);
        return Encoding.UTF8.GetString(answer, 0, length).Trim() is "y" or "Y" or "yes";
    }
}
