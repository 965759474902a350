using Containerception.Cdock;
using Containerception.Linux;

Signals.TakeMaskOfEntry();
using Output output = Output.Open();
return new Application(output).Run(args);
