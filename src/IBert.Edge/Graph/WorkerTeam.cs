// Threads that share one text's work, without allocating.
namespace IBert.Edge.Graph;

/// <summary>
/// A fixed number of threads, of which the caller is the first. Between texts the others are parked and cost nothing; within a text they wait
/// for each other by spinning, as an operation takes tens of microseconds and waking a parked thread takes as long.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    private readonly Action<int> work;
    private readonly Thread[] threads;
    private readonly object gate = new();

    // Texts begun; parked threads wait for it to change.
    private int generation;
    private bool stopped;

    // The spinning barrier: how many have arrived, and how often all had.
    private int arrived;
    private int phase;

    /// <param name="workers">Number of workers, the caller included; 2 or more.</param>
    /// <param name="work">What each worker does for a text, given its number; it meets the others by <see cref="Meet"/> equally often.</param>
    public WorkerTeam(int workers, Action<int> work)
    {
        this.work = work;
        Workers = workers;
        threads = new Thread[workers - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            int worker = i + 1;
            threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"ibert worker {worker}" };
            threads[i].Start();
        }
    }

    /// <summary>Number of workers, the caller included.</summary>
    public int Workers { get; }

    /// <summary>Does one text's work; returns when all workers have done their part.</summary>
    public void Run()
    {
        lock (gate)
        {
            generation++;
            Monitor.PulseAll(gate);
        }
        work(0);
    }

    /// <summary>Waits until all workers are here.</summary>
    public void Meet()
    {
        int current = Volatile.Read(ref phase);
        if (Interlocked.Increment(ref arrived) == Workers)
        {
            arrived = 0;
            Volatile.Write(ref phase, current + 1);
            return;
        }
        SpinWait spinner = default;
        while (Volatile.Read(ref phase) == current)
        {
            // Yields to others, but never sleeps a millisecond: that is the time of a whole text.
            spinner.SpinOnce(sleep1Threshold: -1);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            stopped = true;
            Monitor.PulseAll(gate);
        }
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }

    private void Serve(int worker)
    {
        int seen = 0;
        while (true)
        {
            lock (gate)
            {
                while (generation == seen && !stopped)
                {
                    Monitor.Wait(gate);
                }
                if (stopped)
                {
                    return;
                }
                seen = generation;
            }
            work(worker);
        }
    }
}
