# ZDOTDIR=… zsh -f completed.zsh DIRECTORY LINE…: what zsh, with the completions in DIRECTORY, offers at
# the end of each LINE: "= LINE", then a match a line, with a tab and how it is shown behind it.
zmodload zsh/zpty

[[ -n $ZDOTDIR ]] || exit 2
cat >$ZDOTDIR/.zshrc <<'ZSHRC'
stty columns 300 rows 200
PS1= LISTMAX=1000
fpath=($COMPLETIONS $fpath)
autoload -U compinit && compinit -u -D
zstyle ':completion:*' list-separator ''
# Tells of matches, too.
compadd() {
  local -a matches shown
  local name=${@[$((${@[(i)-d]} + 1))]} i
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    (( ${@[(I)-d]} )) && shown=("${(@P)name}")
    builtin compadd -A matches -D shown "$@"
    for ((i = 1; i <= $#matches; ++i)); do
      print -r -- $'\n'"<$matches[i]"$'\t'"$shown[i]>"
    done
  fi
  builtin compadd "$@"
}
# Each completion empties the list of what comes after it.
ends() { print '<end>'; comppostfuncs=(ends) }
comppostfuncs=(ends)
bindkey '^I' list-choices
print '<ready>'
ZSHRC

export COMPLETIONS=$1
shift
zpty shell zsh -i
zpty -r -m shell said '*<ready>*'
for line; do
  print -r -- "= $line"
  zpty -n -w shell $'\x15'"$line"$'\t'
  zpty -r -m shell said '*<end>*' || exit 1
  for match in ${(f)said}; do
    if [[ $match == '<'*$'\t'*'>'* ]]; then print -r -- ${${match#<}%%>*}; fi
  done
done
