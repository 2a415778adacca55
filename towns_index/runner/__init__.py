"""The runner: carries out a graph of notebooks with declared inputs and outputs.

It knows notebooks, parameters, inputs and outputs, and nothing of what they are about. What is
particular to a project stands in ``definitions/stages.toml`` and ``definitions/parameters.toml``.

=============  ==============================================================================
module         what it does
=============  ==============================================================================
environment    compares the running Python with the lock file and makes ``.venv`` if need be
problems       gathers errors in plain words, so that all are shown at once
parameters     reads, checks and converts the parameters of a build
stages         reads the stages, orders them by their files, selects some of them
workspace      the folder in which a stage works, and how its files get there and out again
execute        runs one stage in a process of its own and publishes its outputs whole
canonical      makes an executed notebook the same bytes on every run
schedule       runs the stages, side by side where they do not wait for each other
display        shows how the build goes
arguments      commands and options with their help
cli            the command line: checks all that is asked and hands it on
=============  ==============================================================================
"""
