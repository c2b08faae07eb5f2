// Standard input in, a text a line; the answer to each out, as soon as its line is there.
using IBert.Edge;

using var classifier = Classifier.Open(args.FirstOrDefault("models/sentiment.ibert"));
while (Console.ReadLine() is { } text)
{
    Console.WriteLine(classifier.Classify(text));
}
