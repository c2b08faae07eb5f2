// A text in, its label out.
using IBert.Edge;

using var classifier = Classifier.Open("models/sentiment.ibert");
Prediction p = classifier.Classify(args.FirstOrDefault("a charming and often affecting journey"));
Console.WriteLine($"{p.Label} {p.PerMille}/1000, {p.TokenCount} tokens");
