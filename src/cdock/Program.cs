using Containerception.Cdock;

using Output output = Output.Open();
return new Application(output).Run(args);
