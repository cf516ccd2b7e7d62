$( A small propositional calculus for tests and examples: implication, negation, conjunction. In the public domain. $)

$c ( ) -> -. /\ wff |- $.
$v ph ps ch th $.

w.ph $f wff ph $.
w.ps $f wff ps $.
w.ch $f wff ch $.
w.th $f wff th $.

w.not $a wff -. ph $.
w.imp $a wff ( ph -> ps ) $.
w.and $a wff ( ph /\ ps ) $.

$( Detachment: from a formula and an implication that begins with it, what it implies. $)
${
  detach.1 $e |- ph $.
  detach.2 $e |- ( ph -> ps ) $.
  detach $a |- ps $.
$}

keep $a |- ( ph -> ( ps -> ph ) ) $.
share $a |- ( ( ph -> ( ps -> ch ) ) -> ( ( ph -> ps ) -> ( ph -> ch ) ) ) $.
turn $a |- ( ( -. ph -> -. ps ) -> ( ps -> ph ) ) $.
left $a |- ( ( ph /\ ps ) -> ph ) $.
right $a |- ( ( ph /\ ps ) -> ps ) $.
both $a |- ( ph -> ( ps -> ( ph /\ ps ) ) ) $.

${
  kept.1 $e |- ph $.
  kept $p |- ( ps -> ph ) $=
    w.ph w.ps w.ph w.imp kept.1 w.ph w.ps keep detach $.
$}
${
  shared.1 $e |- ( ph -> ( ps -> ch ) ) $.
  shared $p |- ( ( ph -> ps ) -> ( ph -> ch ) ) $=
    ( w.imp share detach ) ABCEEABEACEEDABCFG $.
$}
${
  under.1 $e |- ( ph -> ps ) $.
  under.2 $e |- ( ph -> ( ps -> ch ) ) $.
  under $p |- ( ph -> ch ) $=
    ( w.imp shared detach ) ABFACFDABCEGH $.
$}
${
  chain.1 $e |- ( ph -> ps ) $.
  chain.2 $e |- ( ps -> ch ) $.
  chain $p |- ( ph -> ch ) $=
    ( w.imp kept under ) ABCDBCFAEGH $.
$}
same $p |- ( ph -> ph ) $=
    w.ph w.ph w.ph w.imp w.ph w.ph w.ph keep w.ph w.ph w.ph w.imp keep under $.
${
  twice.1 $e |- ph $.
  twice.2 $e |- ps $.
  twice.3 $e |- ( ph -> ( ps -> ch ) ) $.
  twice $p |- ch $=
    ( w.imp detach ) BCEABCGDFHH $.
$}
${
  turned.1 $e |- ( -. ph -> -. ps ) $.
  turned $p |- ( ps -> ph ) $=
    ( w.not w.imp turn detach ) ADBDEBAECABFG $.
$}
${
  chain3.1 $e |- ( ph -> ps ) $.
  chain3.2 $e |- ( ps -> ch ) $.
  chain3.3 $e |- ( ch -> th ) $.
  chain3 $p |- ( ph -> th ) $=
    ( chain ) ABDEBCDFGHH $.
$}
${
  pair.1 $e |- ph $.
  pair.2 $e |- ps $.
  pair $p |- ( ph /\ ps ) $=
    ( w.and w.imp both detach ) BABEZDABIFCABGHH $.
$}
${
  first.1 $e |- ( ph /\ ps ) $.
  first $p |- ph $=
    ( w.and left detach ) ABDACABEF $.
$}
${
  second.1 $e |- ( ph /\ ps ) $.
  second $p |- ps $=
    ( w.and right detach ) ABDBCABEF $.
$}
${
  ahead.1 $e |- ( ph -> ch ) $.
  ahead $p |- ( ( ph /\ ps ) -> ch ) $=
    ( w.and left chain ) ABEACABFDG $.
$}
${
  behind.1 $e |- ( ps -> ch ) $.
  behind $p |- ( ( ph /\ ps ) -> ch ) $=
    ( w.and right chain ) ABEBCABFDG $.
$}
absurd $p |- ( -. ph -> ( ph -> ps ) ) $=
    ( w.not w.imp same keep turn chain3 under ) ACZJABDZJEJBCZJDKJKDJLFBAGKJFHI $.
${
  joint.1 $e |- ( ph -> ps ) $.
  joint.2 $e |- ( ph -> ch ) $.
  joint $p |- ( ph -> ( ps /\ ch ) ) $=
    ( w.imp w.and same both chain3 shared kept twice ) ACFZNABCGZFZEENPFNACOABBCOFDBHBCIJKLM $.
$}
swap $p |- ( ( ph /\ ps ) -> ( ps /\ ph ) ) $=
    ( w.and right left joint ) ABCBAABDABEF $.
