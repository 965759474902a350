using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Cdock;

/// <summary>One application of a template to data.</summary>
internal sealed class TemplateRun(string text, object root, bool isHeading, StringBuilder output)
{
    private readonly List<(string Name, object Value)> _variables = [("$", root)];
    private readonly TemplateFunctions _functions = new(isHeading);

    private enum Flow
    {
        On,
        Break,
        Continue,
    }

    /// <exception cref="TemplateException">The template does not fit the data.</exception>
    public void Walk(ImmutableArray<TemplateNode> nodes) => Walk(nodes, root);

    private Flow Walk(ImmutableArray<TemplateNode> nodes, object dot)
    {
        foreach (TemplateNode node in nodes)
        {
            Flow flow = Walk(node, dot);
            if (flow != Flow.On)
            {
                return flow;
            }
        }

        return Flow.On;
    }

    private Flow Walk(TemplateNode node, object dot)
    {
        switch (node)
        {
            case TextNode literal:
                output.Append(literal.Text);
                return Flow.On;
            case ActionNode action:
                object value = Pipeline(action.Pipe, dot);
                output.Append(action.Pipe.Variables.IsEmpty ? GoText.Print(value) : "");
                return Flow.On;
            case JumpNode jump:
                return jump.IsBreak ? Flow.Break : Flow.Continue;
            default:
                BranchNode branch = (BranchNode)node;
                int variables = _variables.Count;
                Flow flow = branch.Kind == BranchKind.Range ? Range(branch, dot) : IfOrWith(branch, dot);
                _variables.RemoveRange(variables, _variables.Count - variables);
                return flow;
        }
    }

    private Flow IfOrWith(BranchNode branch, object dot)
    {
        object value = Pipeline(branch.Pipe, dot);
        return GoText.IsTrue(value)
            ? Walk(branch.Then, branch.Kind == BranchKind.With ? value : dot)
            : Walk(branch.Else, dot);
    }

    private Flow Range(BranchNode branch, object dot)
    {
        object value = Pipeline(branch.Pipe, dot, isRange: true);
        int variables = _variables.Count;
        bool any = false;
        foreach ((object key, object item) in Entries(value, branch.Pipe))
        {
            any = true;
            ImmutableArray<string> names = branch.Pipe.Variables;
            if (names.Length == 1)
            {
                Set(names[0], item, branch.Pipe.Declares);
            }
            else if (names.Length == 2)
            {
                Set(names[0], key, branch.Pipe.Declares);
                Set(names[1], item, branch.Pipe.Declares);
            }

            Flow flow = Walk(branch.Then, item);
            _variables.RemoveRange(variables, _variables.Count - variables);
            if (flow == Flow.Break)
            {
                break;
            }
        }

        return any ? Flow.On : Walk(branch.Else, dot);
    }

    private IEnumerable<(object Key, object Item)> Entries(object value, PipeNode pipe) => value switch
    {
        JsonArray array => GoText.Items(array).Select((item, i) => ((object)(long)i, item)),
        JsonObject map when GoText.IsMap(map)
            => map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => ((object)entry.Key, GoText.Of(entry.Value, ""))),
        long count => Counted(count),
        Nil => [],
        _ => throw Wrong(pipe, $"range can't iterate over {GoText.Print(value)}"),
    };

    private static IEnumerable<(object Key, object Item)> Counted(long count)
    {
        for (long i = 0; i < count; i++)
        {
            yield return (i, i);
        }
    }

    private object Pipeline(PipeNode pipe, object dot, bool isRange = false)
    {
        object? value = null;
        foreach (CommandNode command in pipe.Commands)
        {
            value = Command(command, dot, value);
        }

        // Those of a range are set for each of its items.
        if (!isRange)
        {
            foreach (string name in pipe.Variables)
            {
                Set(name, value!, pipe.Declares);
            }
        }

        return value!;
    }

    private void Set(string name, object value, bool declares)
    {
        if (declares)
        {
            _variables.Add((name, value));
        }
        else
        {
            _variables[_variables.FindLastIndex(one => one.Name == name)] = (name, value);
        }
    }

    // The value of the command before, if any, is the last argument.
    private object Command(CommandNode command, object dot, object? last)
    {
        TemplateNode first = command.Words[0];
        bool hasArguments = command.Words.Length > 1 || last is not null;
        switch (first)
        {
            case FunctionNode function:
                return Function(function, command, dot, last);
            case FieldNode { Names: ["Label"] } label when dot is Row row:
                return Label(row, label, command, dot, last);
            case VariableNode { Name: "$", Names: ["Label"] } label when root is Row row:
                return Label(row, label, command, dot, last);
            case NilNode:
                throw Wrong(first, "nil is not a command");
            case FieldNode or VariableNode or ChainNode when hasArguments && LastName(first) is string name:
                throw Wrong(first, $"{name} is not a method but has arguments");
            case not PipeNode when hasArguments:
                throw Wrong(first, $"can't give argument to non-function {first}");
            default:
                return Value(first, dot);
        }
    }

    private static string? LastName(TemplateNode node) => node switch
    {
        FieldNode field => field.Names[^1],
        VariableNode { Names.IsEmpty: false } variable => variable.Names[^1],
        ChainNode chain => chain.Names[^1],
        _ => null,
    };

    private string Label(Row row, TemplateNode node, CommandNode command, object dot, object? last)
    {
        object[] arguments = Arguments(command, dot, last);
        return arguments is [string name]
            ? row.Label(name)
            : throw Wrong(node, arguments.Length == 1
                ? $"wrong type for value; expected string; got {GoText.TypeName(arguments[0])}"
                : $"wrong number of args for Label: want 1 got {arguments.Length}");
    }

    private object Function(FunctionNode function, CommandNode command, object dot, object? last)
    {
        if (function.Name is "and" or "or")
        {
            return AndOr(function, command, dot, last);
        }

        object[] arguments = Arguments(command, dot, last);
        try
        {
            return _functions.Call(function.Name, arguments);
        }
        catch (WrongArgumentException wrong) when (wrong.At + 1 < command.Words.Length)
        {
            TemplateNode word = command.Words[wrong.At + 1];
            throw Wrong(word, word is ConstantNode ? $"expected {wrong.Wanted}; found {word}" : wrong.Message);
        }
        catch (FormatException wrong)
        {
            throw Wrong(command, wrong.Message);
        }
    }

    // They stop at the first argument that decides.
    private object AndOr(FunctionNode function, CommandNode command, object dot, object? last)
    {
        object? value = null;
        foreach (TemplateNode word in command.Words.Skip(1))
        {
            value = Value(word, dot);
            if (GoText.IsTrue(value) == (function.Name == "or"))
            {
                return value;
            }
        }

        return last ?? value ?? throw Wrong(function, $"wrong number of args for {function.Name}: want at least 1 got 0");
    }

    private object[] Arguments(CommandNode command, object dot, object? last)
    {
        IEnumerable<object> arguments = command.Words.Skip(1).Select(word => Value(word, dot));
        return last is null ? [.. arguments] : [.. arguments, last];
    }

    private object Value(TemplateNode word, object dot) => word switch
    {
        DotNode => dot,
        NilNode => Nil.Pointer,
        ConstantNode constant => constant.Value,
        FieldNode field => Fields(dot, field.Names, field),
        VariableNode variable => Fields(_variables.FindLast(one => one.Name == variable.Name).Value, variable.Names, variable),
        ChainNode chain => Fields(Pipeline(chain.Pipe, dot), chain.Names, chain),
        PipeNode pipe => Pipeline(pipe, dot),
        FunctionNode function => Function(function, new CommandNode(function.Position, [function]), dot, last: null),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private object Fields(object value, ImmutableArray<string> names, TemplateNode node)
    {
        for (int i = 0; i < names.Length; i++)
        {
            value = Field(value, names[i], node, isLast: i == names.Length - 1);
        }

        return value;
    }

    private object Field(object value, string name, TemplateNode node, bool isLast)
    {
        switch (value)
        {
            case Row row:
                return row.Fields.TryGetPropertyValue(name, out JsonNode? cell)
                    ? GoText.Of(cell, name)
                    : throw Wrong(node, $"can't evaluate field {name}", Hint(row.Fields));
            case JsonObject map when GoText.IsMap(map):
                return map.TryGetPropertyValue(name, out JsonNode? entry) ? GoText.Of(entry, "") : Nil.Missing;
            case JsonObject one:
                return one.TryGetPropertyValue(name, out JsonNode? member) ? GoText.Of(member, name)
                    : Likeness(one, name) is string alike ? GoText.Of(one[alike], alike)
                    : isLast && Nil.IsPointer(name) ? Nil.Pointer
                    : throw Wrong(node, $"map has no entry for key {GoText.Quote(name)}", Hint(one));
            case Nil:
                throw Wrong(node, $"nil pointer evaluating interface {{}}.{name}");
            default:
                throw Wrong(node, $"can't evaluate field {name} in type {GoText.TypeName(value)}");
        }
    }

    // docker's templates go by the names that Go has for a member, which differ from JSON's in capitals: .ID, .NanoCPUs.
    private static string? Likeness(JsonObject one, string name)
        => one.Select(member => member.Key).FirstOrDefault(key => string.Equals(key, name, StringComparison.OrdinalIgnoreCase));

    private static string Hint(JsonObject one) => $"there are {string.Join(", ", one.Select(member => member.Key).Order(StringComparer.Ordinal))}";

    private TemplateException Wrong(TemplateNode node, string what, string? hint = null)
        => new($"template: :{TemplateParser.Place(text, node.Position)}: executing \"\" at <{node}>: {what}", isParsing: false, hint);
}
