// The model of a program that runs for weeks: when another file takes its name, that is the model from the next text on.
using IBert.Edge.CommandLine;
using IBert.Edge.Format;

namespace IBert.Edge.Cli;

/// <summary>
/// A model with its classifier, opened anew when a file was renamed over it. What does not open leaves the old one at work.
/// </summary>
internal sealed class ServedModel : IDisposable
{
    private readonly string? option;
    private readonly int? maxLength;
    private readonly int threads;
    private readonly bool isPrivate;
    private FileStamp? refused;
    private bool told;

    /// <exception cref="CommandException">There is no model, or it cannot be used.</exception>
    public ServedModel(string? option, bool isPrivate, int? maxLength, int threads = 1)
    {
        (this.option, this.isPrivate, this.maxLength, this.threads) = (option, isPrivate, maxLength, threads);
        (Model, Classifier) = Open();
    }

    /// <summary>The model at work.</summary>
    public ModelFile Model { get; private set; }

    /// <summary>The classifier for the next text, until <see cref="Refresh"/> finds another model.</summary>
    public Classifier Classifier { get; private set; }

    /// <summary>Looks for a new model, before a text. It allocates nothing where there is none.</summary>
    /// <returns>Whether there is another classifier.</returns>
    public bool Refresh()
    {
        if (Model.Successor() is not { } there || there.Equals(refused))
        {
            return false;
        }
        try
        {
            (ModelFile, Classifier) successor = Open();
            Dispose();
            (Model, Classifier) = successor;
            (refused, told) = (null, false);
            Messages.Error($"{Model.Name} was replaced: from here on the new model answers");
            return true;
        }
        catch (Exception error) when (error is CommandException or InsufficientMemoryException)
        {
            // A file that is still being copied is another one at every text: it is tried again, but told of once.
            refused = there;
            if (!told)
            {
                told = true;
                Messages.Error($"{Model.Name} was replaced, but the old model goes on: {error.Message}");
            }
            return false;
        }
    }

    public void Dispose()
    {
        Classifier.Dispose();
        Model.Dispose();
    }

    private (ModelFile, Classifier) Open()
    {
        ModelFile opened = ModelAccess.Open(option, isPrivate);
        try
        {
            return (opened, ModelAccess.Classifier(opened, maxLength, threads));
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }
}
