; EFI/BOOT/BOOTX64.EFI of the marked disk: prints its own last sector on COM1 and stops.
; A whole PE32+ image by hand (Microsoft PE format, revision 11; UEFI 2.10 §2.1.1): headers, one section, no relocation
; needed since every address is relative. The processor is in long mode and in ring 0, so the port is ours.
bits 64
org 0

ALIGNMENT equ 512

dos_header:
    db "MZ"
    times 58 db 0
    dd pe_header
pe_header:
    db "PE", 0, 0
    dw 0x8664               ; x86-64
    dw 1                    ; sections
    dd 0, 0, 0
    dw optional_header_end - optional_header
    dw 0x0022               ; executable, large addresses
optional_header:
    dw 0x020b               ; PE32+
    db 0, 0
    dd image_end - code     ; code
    dd 0, 0
    dd code                 ; entry
    dd code
    dq 0                    ; image base: anywhere
    dd ALIGNMENT, ALIGNMENT
    dw 0, 0, 0, 0, 0, 0
    dd 0
    dd image_end            ; size of the image
    dd code                 ; size of the headers
    dd 0
    dw 10                   ; EFI application
    dw 0
    dq 0, 0, 0, 0
    dd 0
    dd 6                    ; data directories, all empty
    times 6 dq 0
optional_header_end:
    db ".text", 0, 0, 0
    dd image_end - code, code
    dd image_end - code, code
    dd 0, 0
    dw 0, 0
    dd 0xe0000060           ; code and data, readable, writable, executable
times ALIGNMENT - ($ - $$) db 0

code:
    cli
    lea rsi, [rel text]
    mov ecx, 512
next:
    lodsb
    test al, al
    jz halt
    mov bl, al
    mov dx, 0x3fd           ; line status: bit 5 is set when the next octet may be sent
wait_ready:
    in al, dx
    test al, 0x20
    jz wait_ready
    mov dx, 0x3f8
    mov al, bl
    out dx, al
    loop next
halt:
    hlt
    jmp halt
times ALIGNMENT - ($ - code) db 0

text:
    db "@@LOCAL-BOOT-TEXT@@"
    times 512 - ($ - text) db 0
image_end:
