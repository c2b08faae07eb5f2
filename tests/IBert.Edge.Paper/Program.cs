// The tables of the I-BERT paper (Kim et al. 2021, arXiv:2101.01321) on this runtime, one command each: build/paper has a script for each.
using IBert.Edge.Checkpoints;
using IBert.Edge.Files.Data;
using IBert.Edge.Paper;

const string usage = """
    usage: IBert.Edge.Paper approximations RESULTS              (build/paper/approximations.sh)
           IBert.Edge.Paper ablation RESULTS SHARED             (build/paper/ablation.sh)
           IBert.Edge.Paper accuracy RESULTS SHARED ROBERTA     (build/paper/accuracy.sh)
           IBert.Edge.Paper layers RESULTS SHARED ROBERTA       (build/paper/layers.sh)
    """;
try
{
    switch (args)
    {
        case ["approximations", string results]:
            Approximations.Write(results);
            return 0;
        case ["ablation", string results, string shared]:
            Ablation.Write(results, shared);
            return 0;
        case ["accuracy", string results, string shared, string roberta]:
            Accuracies.Write(results, shared, roberta);
            return 0;
        case ["layers", string results, string shared, string roberta]:
            LayerErrors.Write(results, shared, roberta);
            return 0;
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }
}
catch (Exception error) when (error is IOException or UnauthorizedAccessException or CheckpointException or DataFileException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
