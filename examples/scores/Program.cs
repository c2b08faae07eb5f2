// A text in UTF-8 in, every label with one per cent or more out.
using IBert.Edge;

using ModelFile model = ModelFile.Open("models/intents.ibert");
using var classifier = new Classifier(model, new ClassifierOptions { MaxLength = 64 });
Prediction p = classifier.Classify("turn the kitchen lights off"u8);
for (int i = 0; i < model.Labels.Count; i++)
{
    if (classifier.Scores[i] >= 10_000)    // millionths: one per cent or more
    {
        Console.WriteLine($"{model.Labels[i]} {classifier.Scores[i] / 10_000}%");
    }
}
