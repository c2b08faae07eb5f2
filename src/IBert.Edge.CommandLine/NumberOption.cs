// Options that take a number.
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace IBert.Edge.CommandLine;

internal static class NumberOption
{
    /// <summary>An option with a whole number; null where it is left out.</summary>
    /// <param name="name">Such as <c>--top</c>.</param>
    /// <param name="description">What it does, and what holds where it is left out.</param>
    /// <param name="least">The smallest number that makes sense, whatever the model: a model's own bounds are asked of the model.</param>
    public static Option<int?> Create(string name, string description, int least = 1) => Create<int>(name, description, least);

    /// <summary>An option with a number of the whole range of 64 bits; null where it is left out.</summary>
    public static Option<ulong?> CreateSeed(string description) => Create<ulong>("--seed", description, 0);

    private static Option<T?> Create<T>(string name, string description, T least) where T : struct, IBinaryInteger<T>, IMinMaxValue<T> =>
        new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = argument => Parse(argument, name, least),
        };

    private static T? Parse<T>(ArgumentResult argument, string name, T least) where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        string text = argument.Tokens[0].Value;
        if (T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out T number) && number >= least)
        {
            return number;
        }
        bool isWhole = BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger whole);
        argument.AddError(!isWhole
            ? $"{name} {text}: not a whole number"
            : whole < BigInteger.CreateChecked(least)
            ? $"{name} {text} is too small: {least} or more"
            : $"{name} {text} is too large: at most {T.MaxValue}");
        return null;
    }
}
