using Containerception.Cdock;
using Containerception.Linux;

Signals.TakeMaskOfEntry();
StandardStreams.FillGaps();
using Output output = Output.Open();
return new Application(output).Run(args);
