// Uses the package as its README shows: prints the package's version, then the label of each text.
using System.Reflection;
using IBert.Edge;

Console.WriteLine(typeof(Classifier).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
if (args is [string model, .. string[] texts])
{
    using var classifier = Classifier.Open(model);
    foreach (string text in texts)
    {
        Prediction p = classifier.Classify(text);
        Console.WriteLine($"{p.Label} {p.PerMille}");
    }
}
