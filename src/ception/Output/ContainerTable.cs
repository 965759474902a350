using System.Globalization;
using System.Text;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>What <c>list</c> prints: columns of at least twelve letters, three spaces between them, none behind the last.</summary>
internal static class ContainerTable
{
    private const int WidthMin = 12;
    private const int Gap = 3;

    public static string Of(IReadOnlyList<ContainerStatus> containers, UserNames users)
    {
        List<string[]> rows = [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]];
        rows.AddRange(containers.Select(container => new[]
        {
            container.Id,
            container.Pid.ToString(CultureInfo.InvariantCulture),
            container.Status,
            container.Bundle,
            StatusJson.Time(container.Created),
            users.NameOf(container.OwnerUid),
        }));

        int last = rows[0].Length - 1;
        int[] widths = [.. Enumerable.Range(0, last).Select(column => Math.Max(WidthMin, rows.Max(row => row[column].Length) + Gap))];
        StringBuilder table = new();
        foreach (string[] row in rows)
        {
            for (int column = 0; column < last; column++)
            {
                table.Append(row[column].PadRight(widths[column]));
            }

            table.Append(row[last]).Append('\n');
        }

        return table.ToString();
    }
}
