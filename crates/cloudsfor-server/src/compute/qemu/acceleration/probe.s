# The guest of the acceleration probe: it does what a kernel does in its first moments, and
# says a letter on the serial port after each step. It ends QEMU by isa-debug-exit.
#
#   as probe.s -o probe.o && ld -Ttext=0x7c00 --oformat=binary -e start probe.o -o probe.bin
#
# R  real mode, and sectors read by the BIOS
# P  protected mode
# C  cpuid, with long mode among what it says
# L  long mode, with paging
# G  a page that isn't there: the fault is handled, and the page is mapped
# M  memory-mapped I/O: the local APIC and the I/O APIC
# T  interrupts of the interval timer, which end hlt
# A  interrupts of the local APIC's timer, which end hlt
# S  instructions of SSE, saved and restored
        .set    SERIAL, 0x3f8
        .set    PAGES, 0x10000          # of tables: one, one, four, and one for the fault
        .set    PAGE_OF_FAULT, 0x16000
        .set    IDT, 0x18000
        .set    TICKS, 0x19000          # how often the interval timer ticked
        .set    APIC_TICKS, 0x19008
        .set    FAULTS, 0x19010
        .set    SAVED, 0x1a000
        .set    ABSENT, 0x140000000     # 5 GB: nothing is mapped there at first
        .set    SECTORS, 3

        .code16
        .globl  start
start:  ljmp    $0, $begin
begin:  cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        movb    $0x80, %dl
        movw    $(0x200 + SECTORS), %ax # the sectors behind this one, to behind it
        movw    $0x7e00, %bx
        movw    $2, %cx
        xorb    %dh, %dh
        int     $0x13
        jc      failed
        movw    $SERIAL, %dx
        movb    $'R', %al
        outb    %al, %dx
        inb     $0x92, %al              # memory above 1 MB
        orb     $2, %al
        andb    $0xfe, %al
        outb    %al, $0x92
        lgdt    gdt_at
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $8, $protected
failed: hlt
        jmp     failed

        .org    510
        .word   0xaa55

        .code32
protected:
        movw    $16, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $0x7c00, %esp
        movw    $SERIAL, %dx
        movb    $'P', %al
        outb    %al, %dx

        movl    $0x80000000, %eax
        cpuid
        cmpl    $0x80000001, %eax
        jb      stop
        movl    $0x80000001, %eax
        cpuid
        btl     $29, %edx
        jnc     stop
        xorl    %eax, %eax
        cpuid
        testl   %eax, %eax
        jz      stop
        movw    $SERIAL, %dx
        movb    $'C', %al
        outb    %al, %dx

        # The first 4 GB in pages of 2 MB, each at its own address.
        movl    $PAGES, %edi
        xorl    %eax, %eax
        movl    $(0xb000 / 4), %ecx
        rep stosl
        movl    $(PAGES + 0x1003), PAGES
        movl    $(PAGES + 0x2003), PAGES + 0x1000
        movl    $(PAGES + 0x3003), PAGES + 0x1008
        movl    $(PAGES + 0x4003), PAGES + 0x1010
        movl    $(PAGES + 0x5003), PAGES + 0x1018
        movl    $(PAGES + 0x2000), %edi
        movl    $0x83, %eax
        movl    $2048, %ecx
1:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $0x200000, %eax
        loop    1b

        movl    %cr4, %eax
        orl     $0x620, %eax            # PAE, and SSE
        movl    %eax, %cr4
        movl    $PAGES, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       # EFER: long mode
        rdmsr
        orl     $0x100, %eax
        wrmsr
        movl    %cr0, %eax
        andl    $0xfffffffb, %eax       # SSE is there
        orl     $0x80010002, %eax       # paging, and pages are read-only for all
        movl    %eax, %cr0
        ljmpl   $24, $long
stop:   hlt
        jmp     stop

        .code64
long:   movw    $16, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movq    $0x7c00, %rsp
        movb    $'L', %al
        call    say

        movl    $14, %edi               # the gates of the interrupts
        leaq    fault(%rip), %rax
        call    gate
        movl    $32, %edi
        leaq    tick(%rip), %rax
        call    gate
        movl    $48, %edi
        leaq    apic_tick(%rip), %rax
        call    gate
        lidt    idt_at(%rip)

        movabsq $ABSENT, %rbx           # the fault maps it, and the write is made again
        movl    $0x12345678, (%rbx)
        cmpl    $0x12345678, (%rbx)
        jne     halt
        cmpl    $0x12345678, 0x200000   # where it was mapped to
        jne     halt
        cmpl    $1, FAULTS
        jne     halt
        movb    $'G', %al
        call    say

        movl    $0xfee00000, %ebx       # the local APIC
        movl    0x30(%rbx), %eax
        andl    $0xff, %eax
        jz      halt
        movl    $0xfec00000, %ebx       # the I/O APIC
        movl    $1, (%rbx)
        movl    0x10(%rbx), %eax
        shrl    $16, %eax
        andl    $0xff, %eax
        jz      halt
        movb    $'M', %al
        call    say

        movb    $0x11, %al              # the interrupt controllers, from 32 on
        outb    %al, $0x20
        outb    %al, $0xa0
        movb    $32, %al
        outb    %al, $0x21
        movb    $40, %al
        outb    %al, $0xa1
        movb    $4, %al
        outb    %al, $0x21
        movb    $2, %al
        outb    %al, $0xa1
        movb    $1, %al
        outb    %al, $0x21
        outb    %al, $0xa1
        movb    $0xfe, %al
        outb    %al, $0x21
        movb    $0xff, %al
        outb    %al, $0xa1
        movb    $0x34, %al              # the interval timer: some 500 ticks a second
        outb    %al, $0x43
        movb    $0x52, %al
        outb    %al, $0x40
        movb    $0x09, %al
        outb    %al, $0x40
        sti
1:      hlt
        cmpl    $5, TICKS
        jb      1b
        cli
        movb    $0xff, %al
        outb    %al, $0x21
        movb    $'T', %al
        call    say

        movl    $0xfee00000, %ebx       # the local APIC's own timer, again and again
        movl    $0x1ff, 0xf0(%rbx)
        movl    $0xb, 0x3e0(%rbx)
        movl    $0x20030, 0x320(%rbx)
        movl    $1000000, 0x380(%rbx)
        sti
1:      hlt
        cmpl    $5, APIC_TICKS
        jb      1b
        cli
        movl    $0x10000, 0x320(%rbx)
        movb    $'A', %al
        call    say

        movl    $SAVED, %edi
        movl    $0x5a5a5a5a, %eax
        movd    %eax, %xmm3
        fxsave  (%rdi)
        pxor    %xmm3, %xmm3
        fxrstor (%rdi)
        movd    %xmm3, %ecx
        cmpl    %eax, %ecx
        jne     halt
        movb    $'S', %al
        call    say

        movb    $0x10, %al              # ends QEMU
        outb    %al, $0xf4
halt:   hlt
        jmp     halt

say:    movw    $SERIAL, %dx
        outb    %al, %dx
        ret

# Has the interrupt in edi be handled at rax.
gate:   shll    $4, %edi
        addl    $IDT, %edi
        movw    %ax, (%rdi)
        movw    $24, 2(%rdi)
        movw    $0x8e00, 4(%rdi)
        shrq    $16, %rax
        movw    %ax, 6(%rdi)
        shrq    $16, %rax
        movl    %eax, 8(%rdi)
        movl    $0, 12(%rdi)
        ret

# Maps 1 GB at 5 GB, if that is what was missed.
fault:  pushq   %rax
        pushq   %rbx
        movq    %cr2, %rax
        movabsq $ABSENT, %rbx
        cmpq    %rbx, %rax
        jne     halt
        incl    FAULTS
        movl    $(PAGE_OF_FAULT + 3), PAGES + 0x1028
        movl    $0x200083, PAGE_OF_FAULT
        popq    %rbx
        popq    %rax
        addq    $8, %rsp                # the error code
        iretq

tick:   pushq   %rax
        incl    TICKS
        movb    $0x20, %al
        outb    %al, $0x20
        popq    %rax
        iretq

apic_tick:
        pushq   %rbx
        incl    APIC_TICKS
        movl    $0xfee00000, %ebx
        movl    $0, 0xb0(%rbx)
        popq    %rbx
        iretq

        .balign 8
gdt:    .quad   0
        .quad   0x00cf9a000000ffff      # code of 32 bits
        .quad   0x00cf92000000ffff      # data
        .quad   0x00af9a000000ffff      # code of 64 bits
gdt_at: .word   gdt_at - gdt - 1
        .long   gdt
idt_at: .word   0xfff
        .quad   IDT
        .org    512 * (1 + SECTORS)
