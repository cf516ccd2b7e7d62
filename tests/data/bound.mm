
$c ( ) -> A. wff set |- $. $v ph ps x y $. wph $f wff ph $. wps $f wff ps $. vx $f set x $. vy $f set y $.
wi $a wff ( ph -> ps ) $. wal $a wff A. x ph $.
${ $d x ph $. fresh $a |- ( ph -> A. x ph ) $. $}
${ first $a |- ph $. $( a comment $) $}
${ $d y ph $. one $p |- ( ph -> A. y ph ) $= wph vy fresh $. $}
two $p |- ( A. x ph -> A. y A. x ph ) $= vx wph wal vy fresh $.
