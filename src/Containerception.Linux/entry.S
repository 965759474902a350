// The first instructions of a program, before the C library's and the runtime's: docs/adr/0013.
//
// 1. Of ception alone (SEALS_EXEC): `ception exec` must be a copy that nobody can write before it touches a container (SealedBinary says why), and to become one is to start
//    anew. Here that costs the kernel's part of a start; once the runtime stands it costs the runtime's too. So if "exec" is among the arguments,
//    and this is not the copy, become the one that SealedBinary would make first. Who is not allowed to, or has an older kernel, goes on;
//    whether the copy is one is judged there, and not here.
// 2. A signal to a process goes to any thread that has not blocked it, and the runtime's own thread is about to begin: so all are blocked, and the
//    mask as it was stands where the kernel's (always empty) AT_FLAGS are, with the bit of SIGKILL, which no mask has: Signals.MaskAtEntry.
#if defined(__x86_64__)

#define SYS_close               3
#define SYS_rt_sigprocmask      14
#define SYS_execveat            322
#define SYS_open_tree           428
#define SYS_mount_setattr       442
#define AT_FDCWD                -100
#define AT_EMPTY_PATH           0x1000
#define AT_FLAGS                8
#define AT_EXECFN               31
#define SIG_BLOCK               0
#define OPEN_TREE_CLONE_CLOEXEC 0x80001
#define MOUNT_ATTR_SIZE         32
#define MASK_BYTES              8
#define BIT_SIGKILL             0x100
#define WORD_EXEC               0x63657865              // "exec"
#define WORD_DEV_FD             0x2f64662f7665642f      // "/dev/fd/": what was executed had no name

        .globl  program_entry
        .type   program_entry, @function
        .text
program_entry:
        mov     %rdx, %r15                      // for _start, which passes it on to atexit(3)
        mov     (%rsp), %rcx                    // argc
        lea     16(%rsp,%rcx,8), %r12           // envp
        mov     %r12, %rbx
.Lvariable:
        add     $8, %rbx
        cmpq    $0, -8(%rbx)
        jne     .Lvariable
        xor     %r13, %r13                      // where AT_FLAGS are
        xor     %r14, %r14                      // what was executed
.Lauxiliary:
        mov     (%rbx), %rax
        add     $16, %rbx
        cmp     $AT_FLAGS, %rax
        jne     1f
        lea     -8(%rbx), %r13
1:      cmp     $AT_EXECFN, %rax
        jne     2f
        mov     -8(%rbx), %r14
2:      test    %rax, %rax
        jnz     .Lauxiliary

#if defined(SEALS_EXEC)
        test    %r14, %r14
        jz      .Lblock
        movabs  $WORD_DEV_FD, %rax
        cmp     %rax, (%r14)
        je      .Lblock
        lea     16(%rsp), %rbx                  // argv + 1
.Largument:
        mov     (%rbx), %rax
        add     $8, %rbx
        test    %rax, %rax
        jz      .Lblock
        cmpl    $WORD_EXEC, (%rax)              // a shorter text is followed by others: those of the variables
        jne     .Largument
        cmpb    $0, 4(%rax)
        jne     .Largument

        mov     $SYS_open_tree, %eax
        mov     $AT_FDCWD, %rdi
        lea     .Lself(%rip), %rsi
        mov     $OPEN_TREE_CLONE_CLOEXEC, %edx
        syscall
        test    %rax, %rax
        js      .Lblock
        mov     %rax, %r14
        mov     $SYS_mount_setattr, %eax
        mov     %r14, %rdi
        lea     .Lempty(%rip), %rsi
        mov     $AT_EMPTY_PATH, %edx
        lea     .Lread_only(%rip), %r10
        mov     $MOUNT_ATTR_SIZE, %r8d
        syscall
        test    %rax, %rax
        js      .Lclose
        mov     $SYS_execveat, %eax
        mov     %r14, %rdi
        lea     .Lempty(%rip), %rsi
        lea     8(%rsp), %rdx
        mov     %r12, %r10
        mov     $AT_EMPTY_PATH, %r8d
        syscall
.Lclose:
        mov     $SYS_close, %eax
        mov     %r14, %rdi
        syscall
#endif

.Lblock:
        test    %r13, %r13
        jz      .Lgo_on
        mov     $SYS_rt_sigprocmask, %eax
        mov     $SIG_BLOCK, %edi
        lea     .Lall(%rip), %rsi
        mov     %r13, %rdx
        mov     $MASK_BYTES, %r10d
        syscall
        test    %rax, %rax
        jnz     .Lgo_on
        orq     $BIT_SIGKILL, (%r13)
.Lgo_on:
        mov     %r15, %rdx
        jmp     _start
        .size   program_entry, . - program_entry

        .section .rodata
        .balign 8
.Lread_only:
        .quad   1, 0, 0, 0                      // struct mount_attr: MOUNT_ATTR_RDONLY
.Lall:  .quad   -1
.Lself: .asciz  "/proc/self/exe"
.Lempty:
        .asciz  ""

#else

        .globl  program_entry
        .set    program_entry, _start

#endif
        .section .note.GNU-stack, "", %progbits
