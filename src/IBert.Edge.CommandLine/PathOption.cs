// Options and arguments that name files.
using System.CommandLine;
using System.CommandLine.Parsing;

namespace IBert.Edge.CommandLine;

internal static class PathOption
{
    /// <summary>An option that names a file or a folder.</summary>
    public static Option<string?> Create(string name, string helpName, string description, params string[] aliases) =>
        Checked(new Option<string?>(name, aliases)
        {
            HelpName = helpName,
            Description = description,
        });

    /// <summary>An option that must be given.</summary>
    public static Option<string> CreateRequired(string name, string helpName, string description, params string[] aliases) =>
        Checked(new Option<string>(name, aliases)
        {
            HelpName = helpName,
            Description = description,
            Required = true,
        });

    /// <summary>An argument that names a file or a folder, or several.</summary>
    public static Argument<T> Argument<T>(string name, string description)
    {
        Argument<T> argument = new(name) { Description = description };
        argument.Validators.Add(result => Check(result, result.Tokens, name));
        return argument;
    }

    private static TOption Checked<TOption>(TOption option) where TOption : Option
    {
        option.Validators.Add(result => Check(result, result.Tokens, option.Name));
        return option;
    }

    private static void Check(SymbolResult result, IEnumerable<Token> tokens, string name)
    {
        if (tokens.Any(token => token.Value.Length == 0))
        {
            result.AddError($"{name} is empty: give a path");
        }
    }
}
