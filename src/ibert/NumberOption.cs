// Options that take a number.
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace IBert.Edge.Cli;

internal static class NumberOption
{
    /// <summary>An option with a whole number; null where it is left out.</summary>
    public static Option<int?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = argument => Parse(argument, name),
    };

    private static int? Parse(ArgumentResult argument, string name)
    {
        string text = argument.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number))
        {
            return number;
        }
        argument.AddError($"{name} {text}: not a whole number");
        return null;
    }
}
