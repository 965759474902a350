using System.Buffers.Binary;
using System.Net;
using System.Text;
using Containerception.Runtime;

namespace Containerception.Unit.Tests.Names;

/// <summary>Questions and answers as bytes: what RFC 1035 draws, and what strangers send.</summary>
public sealed class DnsMessageTests
{
    // www.example, A, IN; recursion desired.
    private const string Simple = "1234 0100 0001 0000 0000 0000 03777777076578616d706c6500 0001 0001";
    private const string Extension = "00 0029 04d0 00000000 0000";

    [Fact]
    public void A_question_is_read()
    {
        DnsQuestion question = Read(Simple);

        Assert.Equal(("www.example", DnsType.A, 29, 512, false), (question.Name, question.Type, question.End, question.DatagramBytesMax, question.HasEdns));
    }

    [Fact]
    public void The_extension_says_how_much_the_asker_takes_and_is_found_behind_other_records()
    {
        DnsQuestion one = Read(Simple.Replace("0000 0000 03", "0000 0001 03", StringComparison.Ordinal) + Extension);
        DnsQuestion behind = Read(Simple.Replace("0000 0000 0000 03", "0001 0000 0001 03", StringComparison.Ordinal) + "c00c 0001 0001 00000000 0004 01020304" + Extension);

        Assert.Equal((true, 0x4d0), (one.HasEdns, one.DatagramBytesMax));
        Assert.Equal((true, 0x4d0), (behind.HasEdns, behind.DatagramBytesMax));
        Assert.Equal(512, Read(Simple.Replace("0000 0000 03", "0000 0001 03", StringComparison.Ordinal) + "00 0029 0010 00000000 0000").DatagramBytesMax);
    }

    [Theory]
    [InlineData("1234 8180 0001 0000 0000 0000 0377777700 0001 0001")] // an answer: two servers would talk for ever
    [InlineData("1234 0100 0001 0000 0000")]
    [InlineData("")]
    public void What_is_no_question_is_not_answered(string message) => Assert.False(DnsQuestion.TryRead(Bytes(message), out _, out _));

    [Theory]
    [InlineData("1234 0100 0000 0000 0000 0000", (int)DnsCode.FormatError)]
    [InlineData("1234 0100 0002 0000 0000 0000 0377777700 0001 0001 0377777700 0001 0001", (int)DnsCode.FormatError)]
    [InlineData("1234 0100 0001 0000 0000 0000 0377777700 0001", (int)DnsCode.FormatError)] // cut off
    [InlineData("1234 0100 0001 0000 0000 0000 03777777", (int)DnsCode.FormatError)]
    [InlineData("1234 0100 0001 0000 0000 0000 3f7777", (int)DnsCode.FormatError)]
    [InlineData("1234 0100 0001 0000 0000 0000 c00c 0001 0001", (int)DnsCode.FormatError)] // points at itself
    [InlineData("1234 0100 0001 0000 0000 0000 01 61 c00c 0001 0001", (int)DnsCode.FormatError)]
    [InlineData("1234 0100 0001 0000 0000 0000 40 61 00 0001 0001", (int)DnsCode.FormatError)] // a kind of label that nobody uses
    [InlineData("1234 2800 0001 0000 0000 0000 0377777700 0006 0001", (int)DnsCode.NotImplemented)] // an update
    public void What_is_wrong_is_told(string message, int code)
    {
        byte[] asked = Bytes(message);

        Assert.True(DnsQuestion.TryRead(asked, out DnsQuestion question, out DnsCode wrong));
        Assert.Equal((DnsCode)code, wrong);
        byte[] answer = Write(asked, question, wrong);
        Assert.Equal((12, 0, code), (answer.Length, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(4)), answer[3] & 15));
        Assert.Equal(asked[..2], answer[..2]);
    }

    [Theory]
    [InlineData("04 612e6262")] // a dot within a label
    [InlineData("02 6120")]
    [InlineData("02 61ff")]
    [InlineData("")] // the root
    public void A_name_that_nobody_here_can_have_is_no_name(string label)
        => Assert.Null(Read($"1234 0100 0001 0000 0000 0000 {label} 00 0001 0001").Name);

    [Fact]
    public void A_name_has_255_bytes_and_not_more()
    {
        string label = "3f" + string.Concat(Enumerable.Repeat("61", 63));
        string longest = label + label + label + "3d" + string.Concat(Enumerable.Repeat("62", 61));

        Assert.Equal(253, Read($"1234 0100 0001 0000 0000 0000 {longest}00 0001 0001").Name!.Length);
        Assert.True(DnsQuestion.TryRead(Bytes($"1234 0100 0001 0000 0000 0000 {label}{label}{label}{label}00 0001 0001"), out _, out DnsCode wrong));
        Assert.Equal(DnsCode.FormatError, wrong);
    }

    [Fact]
    public void An_answer_repeats_the_question_and_points_at_its_name()
    {
        byte[] answer = Write(Bytes(Simple), Read(Simple), DnsCode.NoError, addresses: ["10.1.2.3", "fd00::1"]);

        Assert.Equal("1234818000010002000000000377777707" + "6578616d706c6500" + "00010001"
            + "c00c00010001000002580004" + "0a010203" + "c00c001c0001000002580010" + "fd000000000000000000000000000001", Convert.ToHexStringLower(answer));
    }

    [Fact]
    public void A_name_of_an_address_is_written_in_labels()
    {
        byte[] answer = Write(Bytes(Simple), Read(Simple), DnsCode.NoError, name: "db.one");

        Assert.Equal("c00c000c0001000002580008" + "02646203" + "6f6e6500", Convert.ToHexStringLower(answer.AsSpan(29)));
        Assert.Equal(29, Write(Bytes(Simple), Read(Simple), DnsCode.NoError, name: "a..b").Length);
    }

    [Fact]
    public void What_does_not_fit_is_left_out_and_the_asker_told()
    {
        string asked = Simple.Replace("0000 0000 03", "0000 0001 03", StringComparison.Ordinal) + "00 0029 0200 00000000 0000";
        byte[] answer = Write(Bytes(asked), Read(asked), DnsCode.NoError, 512, [.. Enumerable.Range(0, 100).Select(i => $"10.0.0.{i}")]);

        int count = BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(6));
        Assert.Equal((512 - 29 - 11) / 16, count);
        Assert.Equal(29 + (count * 16) + 11, answer.Length);
        Assert.Equal(2, answer[2] & 2);
        Assert.Equal("0000291000000000000000", Convert.ToHexStringLower(answer.AsSpan(answer.Length - 11)));
    }

    [Theory]
    [InlineData("1234 8180 0001 0000 0000 0000 03777777076578616d706c6500 0001 0001", true)]
    [InlineData("1234 8180 0001 0000 0000 0000 03575757076578616d706c6500 0001 0001", true)] // in capitals
    [InlineData("1234 8185 0000 0000 0000 0000", true)] // refused without a word
    [InlineData("1234 8180 0000 0000 0000 0000", false)]
    [InlineData("1235 8180 0001 0000 0000 0000 03777777076578616d706c6500 0001 0001", false)] // another number
    [InlineData("1234 0100 0001 0000 0000 0000 03777777076578616d706c6500 0001 0001", false)] // a question
    [InlineData("1234 8180 0001 0000 0000 0000 03777778076578616d706c6500 0001 0001", false)] // another name
    [InlineData("1234 8180 0001 0000 0000 0000 03777777076578616d706c6500 001c 0001", false)] // another type
    [InlineData("1234 8180 0001 0000 0000 0000 037777", false)]
    [InlineData("1234 81", false)]
    public void An_answer_belongs_to_its_question(string message, bool does)
        => Assert.Equal(does, DnsQuestion.IsAnswer(Bytes(message), Bytes(Simple), Read(Simple).End));

    [Fact]
    public void An_answer_that_did_not_come_whole_becomes_one_that_says_so()
    {
        byte[] answer = Bytes("1234 8180 0001 0002 0003 0004 03777777076578616d706c6500 0001 0001 c00c");

        Assert.Equal(29, DnsAnswer.Truncate(answer, Read(Simple)));
        Assert.Equal("1234 8380 0001 0000 0000 0000".Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(answer.AsSpan(0, 12)));
    }

    [Fact]
    public void Names_are_found_in_lines_of_hosts()
    {
        byte[] hosts = Encoding.UTF8.GetBytes("# a comment\n10.0.0.2 db DB.one\t4f3c\r\n\nnonsense db\n10.0.0.3 web # db\nfd00::2 db");
        List<IPAddress> addresses = [];

        Assert.True(HostsText.TryFind(hosts, "Db", addresses));
        Assert.Equal(["10.0.0.2", "fd00::2"], addresses.Select(address => address.ToString()));
        Assert.True(HostsText.TryFind(hosts, "db.ONE", addresses));
        Assert.False(HostsText.TryFind(hosts, "d", addresses));
        Assert.False(HostsText.TryFind(hosts, "10.0.0.2", addresses));
        Assert.Equal("web", HostsText.NameOf(hosts, IPAddress.Parse("10.0.0.3")));
        Assert.Equal("db", HostsText.NameOf(hosts, IPAddress.Parse("fd00:0::2")));
        Assert.Null(HostsText.NameOf(hosts, IPAddress.Parse("10.0.0.4")));
    }

    [Theory]
    [InlineData("2.0.0.10.in-addr.arpa", "10.0.0.2")]
    [InlineData("2.0.0.10.IN-ADDR.ARPA", "10.0.0.2")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a.D.f.ip6.arpa", "fda0::1")]
    [InlineData("0.0.10.in-addr.arpa", null)]
    [InlineData("1.2.0.0.10.in-addr.arpa", null)]
    [InlineData("256.0.0.10.in-addr.arpa", null)]
    [InlineData("-1.0.0.10.in-addr.arpa", null)]
    [InlineData(".in-addr.arpa", null)]
    [InlineData("g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", null)]
    [InlineData("1.0.0.0.ip6.arpa", null)]
    [InlineData("db", null)]
    public void A_reverse_name_stands_for_an_address(string name, string? address)
        => Assert.Equal(address, ReverseName.TryParse(name)?.ToString());

    private static DnsQuestion Read(string message)
    {
        Assert.True(DnsQuestion.TryRead(Bytes(message), out DnsQuestion question, out DnsCode wrong));
        Assert.Equal(DnsCode.NoError, wrong);
        return question;
    }

    private static byte[] Write(byte[] asked, DnsQuestion question, DnsCode code, int bytesMax = 512, string[]? addresses = null, string? name = null)
    {
        byte[] buffer = new byte[4096];
        DnsAnswer answer = new(buffer, bytesMax, asked, question);
        foreach (string address in addresses ?? [])
        {
            answer.Add(IPAddress.Parse(address));
        }

        if (name is not null)
        {
            answer.Add(name);
        }

        return buffer[..answer.Finish(code)];
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
