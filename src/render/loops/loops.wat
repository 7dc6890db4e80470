;; The two loops that every pixel of a frame goes through, in the text format of WebAssembly: the engine for JavaScript takes
;; two to three times as long for them. `npm run wasm` makes loops-module.ts of this file; loops.ts says what goes in.

(module
  (memory (export "memory") 3)

  ;; Shades of 16-bit cells by a table of 16-bit entries at address 0, four at a time from cell $at on. Returns the first cell of
  ;; the first four of which one has a negative entry, or $end or one of the three after it.
  ;; Cells lie at 131072 (CELLS), shades go to 163840 (SHADES).
  (func (export "lookUp") (param $at i32) (param $end i32) (param $used i32) (result i32)
    (local $cell i32) (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $cell (i32.shl (local.get $at) (i32.const 1)))
        (local.set $a (i32.load16_s (i32.shl
          (i32.and (i32.load16_u offset=131072 (local.get $cell)) (local.get $used)) (i32.const 1))))
        (local.set $b (i32.load16_s (i32.shl
          (i32.and (i32.load16_u offset=131074 (local.get $cell)) (local.get $used)) (i32.const 1))))
        (local.set $c (i32.load16_s (i32.shl
          (i32.and (i32.load16_u offset=131076 (local.get $cell)) (local.get $used)) (i32.const 1))))
        (local.set $d (i32.load16_s (i32.shl
          (i32.and (i32.load16_u offset=131078 (local.get $cell)) (local.get $used)) (i32.const 1))))
        (br_if $done (i32.lt_s
          (i32.or (i32.or (local.get $a) (local.get $b)) (i32.or (local.get $c) (local.get $d))) (i32.const 0)))
        (i32.store8 offset=163840 (local.get $at) (local.get $a))
        (i32.store8 offset=163841 (local.get $at) (local.get $b))
        (i32.store8 offset=163842 (local.get $at) (local.get $c))
        (i32.store8 offset=163843 (local.get $at) (local.get $d))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $next)))
    (local.get $at))

  ;; PackBits (PS3.5 G.3.2) from $from up to $end, into every $stride-th byte from $to up to $stop. Returns the place after the
  ;; last byte; a run that is too long goes beyond $stop, by 128 strides at most.
  (func (export "unpack")
    (param $from i32) (param $end i32) (param $to i32) (param $stop i32) (param $stride i32) (result i32)
    (local $control i32) (local $until i32) (local $value i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $to) (local.get $stop)))
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $control (i32.load8_s (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br_if $next (i32.eq (local.get $control) (i32.const -128)))
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (if (i32.ge_s (local.get $control) (i32.const 0))
          (then
            (local.set $until (i32.add (i32.add (local.get $from) (local.get $control)) (i32.const 1)))
            (local.set $until (select
              (local.get $until) (local.get $end) (i32.lt_u (local.get $until) (local.get $end))))
            (loop $literal
              (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
              (local.set $to (i32.add (local.get $to) (local.get $stride)))
              (local.set $from (i32.add (local.get $from) (i32.const 1)))
              (br_if $literal (i32.lt_u (local.get $from) (local.get $until)))))
          (else
            (local.set $value (i32.load8_u (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 1)))
            (local.set $until (i32.add
              (local.get $to)
              (i32.mul (i32.sub (i32.const 1) (local.get $control)) (local.get $stride))))
            (loop $run
              (i32.store8 (local.get $to) (local.get $value))
              (local.set $to (i32.add (local.get $to) (local.get $stride)))
              (br_if $run (i32.lt_u (local.get $to) (local.get $until))))))
        (br $next)))
    (local.get $to)))
