using System.Buffers.Binary;
using System.Net;
using Containerception.Runtime;

namespace Containerception.Fuzz.Tests;

/// <summary>Questions of a hostile container, and answers of a hostile network: what they make the supervisor write is within its bounds.</summary>
public sealed class DnsFuzz
{
    private static readonly IPAddress[] Addresses = [.. Enumerable.Range(0, 40).Select(i => IPAddress.Parse(i % 2 == 0 ? $"10.0.0.{i}" : $"fd00::{i}"))];

    [Fact]
    public void A_question_is_answered_or_refused_within_its_bounds()
        => Campaign.Run("dns", static message =>
        {
            if (!DnsQuestion.TryRead(message, out DnsQuestion question, out DnsCode wrong))
            {
                return;
            }

            Assert.InRange(question.End, DnsQuestion.HeaderBytes, message.Length);
            Assert.InRange(question.DatagramBytesMax, 512, ushort.MaxValue);
            byte[] buffer = new byte[1000];
            int bytesMax = Math.Min(question.DatagramBytesMax, buffer.Length);
            DnsAnswer answer = new(buffer, bytesMax, message, question);
            answer.Add(question.Name ?? "");
            foreach (IPAddress address in Addresses)
            {
                answer.Add(address);
            }

            int length = answer.Finish(wrong);
            Assert.InRange(length, question.End, bytesMax);
            if (wrong == DnsCode.NoError)
            {
                Assert.True(DnsQuestion.IsAnswer(buffer.AsSpan(0, length), message, question.End));
                Assert.Equal(question.End, DnsAnswer.Truncate(buffer.AsSpan(0, length), question));
                Assert.True(DnsQuestion.IsAnswer(buffer.AsSpan(0, question.End), message, question.End));
                Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(6)));
            }

            _ = ReverseName.TryParse(question.Name ?? "");
        });

    [Fact]
    public void An_answer_belongs_to_a_question_or_not()
    {
        byte[] asked = Convert.FromHexString("12340100000100000000000003777777076578616d706c650000010001");
        Campaign.Run("dns", message =>
        {
            if (DnsQuestion.IsAnswer(message, asked, asked.Length))
            {
                Assert.Equal(asked[..2], message[..2]);
                Assert.True(message.Length >= asked.Length || DnsQuestion.CodeOf(message) != DnsCode.NoError);
            }
        });
    }

    [Fact]
    public void A_file_of_names_is_searched_whatever_stands_in_it()
        => Campaign.Run("hosts", static text =>
        {
            List<IPAddress> addresses = [];
            Assert.Equal(HostsText.TryFind(text, "db", addresses), addresses.Count > 0);
            foreach (IPAddress address in addresses)
            {
                Assert.NotNull(HostsText.NameOf(text, address));
            }
        });
}
