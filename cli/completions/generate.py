"""The completions of a tool for a shell, from what the tool says of its options.

    TOOL --describe-options | generate.py bash|zsh|fish TOOL

The table is described in cli/common/help_page.hpp.
"""

import sys
from textwrap import indent

# What a value is called says how to complete it. One that is not here stops the build.
FILES, DIRECTORIES, NOTHING = "files", "directories", "nothing"
KINDS = {
    "FILE": FILES,
    "PATH": FILES,
    "SRC": FILES,
    "DST": FILES,
    "NEW": FILES,
    "A": FILES,
    "B": FILES,
    "BASE": FILES,
    "DIR": DIRECTORIES,
    "PREV": DIRECTORIES,
    "TREE": DIRECTORIES,
    "N": NOTHING,
    "PATTERN": NOTHING,
    "SIZE": NOTHING,
    "TIME": NOTHING,
}
FLAG, WORD, WORDS = "flag", "word", "words"


class Option:
    def __init__(self, line):
        names, self.value, words, repeats, self.help = line.rstrip("\n").split("\t")
        self.names = names.split(",")
        self.words = words.split(",") if words else []
        self.repeats = repeats == "..."
        self.is_argument = not names.startswith("-")
        if self.words:
            # A list has its words between commas.
            self.kind = WORDS if self.value == "LIST" else WORD
        elif self.is_argument:
            self.kind = KINDS[names]
        else:
            self.kind = KINDS[self.value] if self.value else FLAG


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


# ------------------------------------------------------------------------------------------------

BASH = """\
# bash completion for {tool}. Generated.
{function}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}}
  local before=("${{COMP_WORDS[@]:1:COMP_CWORD - 1}}") list= prefix= word takes_options=yes
  for word in "${{before[@]}}"; do
    [[ $word == -- ]] && takes_options=
  done
  # "=" is a word of its own, if it has not been taken out of COMP_WORDBREAKS.
  if [[ $current == "=" ]]; then
    current=
  elif [[ $option == "=" ]]; then
    option=${{COMP_WORDS[COMP_CWORD - 2]}}
  elif [[ $current == --*=* ]]; then
    option=${{current%%=*}} current=${{current#*=}} prefix=$option=
  fi
  COMPREPLY=()
  [[ $takes_options ]] && case $option in
{values}\
  esac
  if [[ $takes_options && $current == -* ]]; then
    compopt +o default
    mapfile -t COMPREPLY < <(compgen -W {names} -- "$current")
    return
  fi
{arguments}\
}}
complete -o default -F {function} {tool}
"""

# What `default` and `dirnames` complete is left to bash, which knows how to quote a file's name.
BASH_DOES = {
    FILES: "",
    DIRECTORIES: "compopt +o default -o dirnames\n",
    NOTHING: "compopt +o default\n",
    WORD: """\
compopt +o default
mapfile -t COMPREPLY < <(compgen -P "$prefix" -W {words} -- "$current")
""",
    WORDS: """\
compopt +o default -o nospace
[[ $current == *,* ]] && list=${{current%,*}},
mapfile -t COMPREPLY < <(compgen -P "$prefix$list" -W {words} -- "${{current##*,}}")
""",
}


def bash_does(option):
    return BASH_DOES[option.kind].format(words=quoted(" ".join(option.words)))


def bash_values(options):
    names_of = {}
    for option in options:
        if not option.is_argument and option.kind != FLAG:
            names_of.setdefault(bash_does(option), []).extend(option.names)
    return "".join(
        f"  {' | '.join(names)})\n{indent(does, '    ')}    return\n    ;;\n"
        for does, names in names_of.items()
    )


def bash_arguments(options):
    first = next(option for option in options if option.is_argument)
    if first.kind != WORD:
        return indent(bash_does(first), "  ")
    # It is one word, and files come behind it.
    return f"""\
  for word in "${{before[@]}}"; do
    [[ $word == @({'|'.join(first.words)}) ]] && return
  done
{indent(bash_does(first), '  ')}"""


def bash(tool, options):
    return BASH.format(
        tool=tool,
        function="_" + tool.replace("-", "_"),
        values=bash_values(options),
        names=quoted(" ".join(n for o in options if not o.is_argument for n in o.names)),
        arguments=bash_arguments(options),
    )


# ------------------------------------------------------------------------------------------------

def zsh_action(option):
    words = " ".join(option.words)
    return {
        FILES: "_files",
        DIRECTORIES: "_files -/",
        NOTHING: " ",
        WORD: f"({words})",
        WORDS: f"_sequence compadd - {words}",
    }[option.kind]


def zsh_option(option):
    if set("[]\\") & set(option.help):
        raise ValueError(f"zsh would need quoting of {option.help!r}")
    names = option.names
    rest = f"[{option.help}]"
    if option.kind != FLAG:
        names = [name + ("=" if name.startswith("--") else "+") for name in names]
        rest += f":{option.value}:{zsh_action(option)}"
    if option.repeats:
        excludes = "*"
    elif set(option.names) & {"--help", "--version"}:
        excludes = "(- *)"
    else:
        excludes = f"({' '.join(option.names)})" if len(names) > 1 else ""
    if len(names) == 1:
        return quoted(excludes + names[0] + rest)
    return quoted(excludes) + "{" + ",".join(names) + "}" + quoted(rest)


def zsh_argument(option, number):
    return quoted(f"{'*' if option.repeats else number}:{option.names[0]}:{zsh_action(option)}")


def zsh(tool, options):
    arguments = [option for option in options if option.is_argument]
    specs = [zsh_option(option) for option in options if not option.is_argument]
    specs += [zsh_argument(option, 1 + i) for i, option in enumerate(arguments)]
    lines = " \\\n  ".join(["_arguments -s -S"] + specs)
    return f"#compdef {tool}\n# Generated.\n{lines}\n"


# ------------------------------------------------------------------------------------------------

def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_value(option):
    words = " ".join(option.words)
    return {
        FLAG: "",
        FILES: " -r -F",
        DIRECTORIES: " -x -a '(__fish_complete_directories)'",
        NOTHING: " -x",
        WORD: f" -x -a '{words}'",
        WORDS: f" -x -a '(__fish_append , {words})'",
    }[option.kind]


def fish_option(tool, option):
    names = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names]
    about = f" -d {fish_quoted(option.help)}"
    return f"complete -c {tool} {' '.join(names)}{fish_value(option)}{about}\n"


def fish_arguments(tool, options):
    first = next(option for option in options if option.is_argument)
    if first.kind == DIRECTORIES:
        return f"complete -c {tool} -f -a '(__fish_complete_directories)'\n"
    if first.kind == WORD:
        words = " ".join(first.words)
        unless = f"'not __fish_seen_subcommand_from {words}'"
        return f"complete -c {tool} -n {unless} -f -a '{words}'\n"
    return ""


def fish(tool, options):
    lines = [fish_option(tool, option) for option in options if not option.is_argument]
    head = f"# fish completion for {tool}. Generated.\n"
    return head + fish_arguments(tool, options) + "".join(lines)


def main():
    shell, tool = sys.argv[1:]
    options = [Option(line) for line in sys.stdin]
    sys.stdout.write({"bash": bash, "zsh": zsh, "fish": fish}[shell](tool, options))


main()
